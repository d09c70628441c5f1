"""Packed uploads: gzip and zip, recognised by their content and unpacked as a stream that a bomb cannot flood."""

import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO

from blocks.errors import NonRetriable
from blocks.settings import settings

BLOCK_BYTES = 1024 * 1024
_HARMLESS_BYTES = 1024 * 1024
"""What unpacks to no more than this is never called a bomb, whatever its ratio."""
_DAMAGED = (zlib.error, lzma.LZMAError, EOFError, gzip.BadGzipFile, zipfile.BadZipFile)


def unpacked_blocks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """The bytes of an upload, unpacked if it is packed.

    Args:
        stream: the upload, seekable, at its start.
        size: bytes of the upload as stored.

    Yields:
        Non-empty blocks of any length.

    Raises:
        NonRetriable: the archive is damaged, encrypted or holds anything but one file; or it is larger, unpacked, than
            ``import_max_bytes`` or than ``import_max_ratio`` times its packed size.
    """
    magic = stream.read(4)
    stream.seek(0)
    if magic[:2] == b"\x1f\x8b":
        yield from _capped(gzip.GzipFile(fileobj=stream), size, packed=True)
    elif magic in (b"PK\x03\x04", b"PK\x05\x06"):  # the latter is an empty zip
        yield from _capped(_only_member(stream), size, packed=True)
    else:
        yield from _capped(stream, size, packed=False)


def _only_member(stream: BinaryIO) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(stream)
    except zipfile.BadZipFile as error:
        raise NonRetriable(f"The zip file is damaged: {error}. Pack it again.") from error
    names = [each.filename for each in archive.infolist()]
    if "[Content_Types].xml" in names:
        raise NonRetriable("This is an office document (such as an Excel workbook), not a CSV. Save it as CSV first.")
    members = [each for each in archive.infolist() if not each.is_dir() and not _is_clutter(each.filename)]
    if len(members) != 1:
        listed = ", ".join(each.filename for each in members[:10]) or "none"
        raise NonRetriable(f"A zip upload must hold exactly one CSV; this one holds {len(members)} files: {listed}.")
    if members[0].flag_bits & 0x1:
        raise NonRetriable("The zip file is encrypted. Pack it without a password.")
    try:
        return archive.open(members[0])
    except NotImplementedError as error:
        raise NonRetriable(f"The zip file cannot be read: {error}. Pack it with the usual method, deflate.") from error


def _is_clutter(name: str) -> bool:
    """Whether a desktop put this member beside the person's own file."""
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] in (".DS_Store", "Thumbs.db", "desktop.ini")


def _capped(stream: IO[bytes] | io.BufferedIOBase, size: int, *, packed: bool) -> Iterator[bytes]:
    most = settings().import_max_bytes
    ratio = settings().import_max_ratio
    total = 0
    while True:
        try:
            block = stream.read(BLOCK_BYTES)
        except _DAMAGED as error:
            raise NonRetriable(f"The packed file is damaged: {error}. Pack it again.") from error
        if not block:
            return
        total += len(block)
        if total > most:
            raise NonRetriable(f"The CSV is larger than {most} bytes. Split it, or raise GROUNDWORK_IMPORT_MAX_BYTES.")
        if packed and total > max(ratio * size, _HARMLESS_BYTES):
            raise NonRetriable(
                f"The file unpacks to more than {ratio} times its packed {size} bytes, like a zip bomb. "
                "Upload it unpacked, or raise GROUNDWORK_IMPORT_MAX_RATIO."
            )
        yield block
