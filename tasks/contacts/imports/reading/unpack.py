"""Packed uploads: gzip and zip, recognised by their content and unpacked as a stream that a bomb cannot flood."""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.contacts.imports.reading.packed_source import PackedSource
from groundwork.tasks.contacts.settings import contacts_settings

BLOCK_BYTES = 1024 * 1024
_HARMLESS_BYTES = 1024 * 1024
"""What unpacks to no more than this is never called a bomb, whatever its ratio."""
_PIECE_BYTES = 16 * 1024
"""Packed bytes that gzip is given at once; it copies the rest of them for each block that it makes."""
_MOST_EMPTY_MEMBERS = 1_000
"""Members of a gzip in a row that hold nothing. More are there to keep the run busy."""
_OFFICE = {"[Content_Types].xml", "content.xml"}
"""Members of every document of Microsoft's and OpenDocument's programs; those of Apple's end in ``.iwa``."""
_UNPACKABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Methods whose output is bounded. Python unpacks bzip2 and lzma in one go: 1,302 bytes took 3 GB."""
_METHODS = {9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstandard", 95: "xz", 98: "PPMd"}
"""Other methods by the number that zip has for them."""


def unpacked_blocks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Unpack an upload if it is packed.

    Args:
        stream: the upload, seekable, at its start.
        size: bytes of the upload as stored.

    Yields:
        Non-empty blocks of at most 1 MiB.

    Raises:
        NonRetriable: the archive is damaged, encrypted, packed by another method than deflate, or holds anything but
            one file; or it is larger, unpacked, than ``import_max_bytes`` or than ``import_max_ratio`` times its packed
            size.
    """
    magic = stream.read(4)
    stream.seek(0)
    if magic[:2] == b"\x1f\x8b":
        yield from _capped(_tried(_gunzipped, stream, size), size, packed=True)
    elif magic in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):  # the second is an empty zip, the third a split one
        yield from _capped(_tried(_unzipped, stream, size), size, packed=True)
    else:
        yield from _capped(iter(lambda: stream.read(BLOCK_BYTES), b""), size, packed=False)


def _tried(unpack: Callable[[PackedSource], Iterator[bytes]], stream: BinaryIO, size: int) -> Iterator[bytes]:
    """The blocks, where whatever the content makes the unpacker fail with is the content's fault."""
    source = PackedSource(stream, size)
    try:
        yield from unpack(source)
    except NonRetriable:
        raise
    except Exception as error:
        if source.failure is not None:
            raise source.failure from None
        raise NonRetriable(
            f"The packed file is damaged: {str(error)[:200] or type(error).__name__}. Pack it again."
        ) from error


def _gunzipped(source: PackedSource) -> Iterator[bytes]:
    pending = source.read(_PIECE_BYTES)
    empty = 0
    while pending:
        member, held = zlib.decompressobj(wbits=31), False
        while not member.eof:
            block = member.decompress(pending, BLOCK_BYTES)
            if block:
                held = True
                yield block
            pending = member.unconsumed_tail or (b"" if member.eof else source.read(_PIECE_BYTES))
            if not (pending or block or member.eof):
                raise EOFError("it ends before its end mark")
        empty = 0 if held else empty + 1
        if empty > _MOST_EMPTY_MEMBERS:
            raise ValueError(f"more than {_MOST_EMPTY_MEMBERS:,} parts in a row hold nothing")
        pending = member.unused_data
        while not (pending := pending.lstrip(b"\0")):  # gzip allows padding
            if not (pending := source.read(_PIECE_BYTES)):
                return


def _unzipped(source: PackedSource) -> Iterator[bytes]:
    with zipfile.ZipFile(source) as archive:
        member = _only_member(archive)
        total = 0
        with archive.open(member) as stream:
            while block := stream.read(BLOCK_BYTES):
                total += len(block)
                yield block
    if total != member.file_size:
        raise EOFError(f"it holds {total:,} bytes and says {member.file_size:,}")


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [each for each in archive.infolist() if not each.is_dir() and not _is_clutter(each.filename)]
    if any(each.filename in _OFFICE or each.filename.endswith(".iwa") for each in members):
        raise NonRetriable("This is an office document (such as an Excel workbook), not a CSV. Save it as CSV first.")
    if len(members) != 1:
        listed = ", ".join(_shown(each.filename) for each in members[:10]) or "none"
        raise NonRetriable(f"A zip upload must hold exactly one CSV; this one holds {len(members)} files: {listed}.")
    if members[0].flag_bits & 0x1:
        raise NonRetriable("The zip file is encrypted. Pack it without a password.")
    if members[0].compress_type not in _UNPACKABLE:
        method = _METHODS.get(members[0].compress_type, str(members[0].compress_type))
        raise NonRetriable(f"The zip file is packed by the method {method}. Pack it with the usual method, deflate.")
    return members[0]


def _shown(name: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in name[:100])


def _is_clutter(name: str) -> bool:
    """Whether a desktop put this member beside the person's own file."""
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] in (".DS_Store", "Thumbs.db", "desktop.ini")


def _capped(blocks: Iterator[bytes], size: int, *, packed: bool) -> Iterator[bytes]:
    most = contacts_settings().import_max_bytes
    ratio = contacts_settings().import_max_ratio
    total = 0
    for block in blocks:
        total += len(block)
        if total > most:
            raise NonRetriable(f"The CSV is larger than {most} bytes. Split it, or raise GROUNDWORK_IMPORT_MAX_BYTES.")
        if packed and total > max(ratio * size, _HARMLESS_BYTES):
            raise NonRetriable(
                f"The file unpacks to more than {ratio} times its packed {size} bytes, like a zip bomb. "
                "Upload it unpacked, or raise GROUNDWORK_IMPORT_MAX_RATIO."
            )
        yield block
