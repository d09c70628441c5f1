"""The archive of an Apple Health export: the one XML in it, unpacked as a stream with limits."""

import io
import zipfile
from collections.abc import Iterator
from typing import IO, BinaryIO

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.fitness.settings import fitness_settings

BLOCK_BYTES = 256 * 1024
_ENTRY_BYTES = 256
"""Bytes that a file takes in an archive's table of contents, which is read as a whole: room for a long name."""
_LEAST_AT_ONCE = 1024 * 1024
_HARMLESS_BYTES = 1024 * 1024
"""What unpacks to no more than this is never called a bomb."""
_UNPACKABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Methods whose output is bounded while it is read."""


def health_xml(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Unpack the XML of an export.

    Args:
        stream: the archive, seekable.
        size: bytes of it as stored.

    Yields:
        Blocks that are not empty.

    Raises:
        NonRetriable: it is no zip, is damaged or encrypted, has too many files, or not one health record; or it is
            larger, unpacked, than the settings allow.
        Exception: whatever the store fails with, which is not the archive's fault.
    """
    source = _Source(stream, size)
    try:
        with zipfile.ZipFile(source) as archive:
            member = _record_of(archive)
            with archive.open(member) as packed:
                yield from _capped(packed, min(member.compress_size, size))
    except NonRetriable:
        raise
    except Exception as error:
        if source.failure is not None:
            raise source.failure from None
        reason = str(error)[:200] or type(error).__name__
        raise NonRetriable(f"The export is damaged: {reason}. Upload it again.") from error


class _Damaged(OSError):
    """The archive points outside of itself, or asks for too much at once."""


class _Source(io.RawIOBase):
    """The stored bytes, in which an archive's lies lead nowhere."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._size, self._position = stream, size, 0
        self._most = max(fitness_settings().apple_max_entries * _ENTRY_BYTES, _LEAST_AT_ONCE)
        self.failure: Exception | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if not 0 <= position <= self._size:
            raise _Damaged("it points to a place outside of itself")
        self._position = position
        return position

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._size - self._position if size is None or size < 0 else size
        if min(wanted, self._size - self._position) > self._most:
            raise _Damaged("its table of contents is too large")
        try:
            self._stream.seek(self._position)
            data = self._stream.read(min(wanted, self._size - self._position))
        except Exception as error:
            # zipfile would say that the archive is at fault.
            self.failure = error
            raise
        self._position += len(data)
        return data


def _record_of(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The health record. Its name is in the language of the phone: export.xml, Exportación.xml."""
    most = fitness_settings().apple_max_entries
    if len(archive.infolist()) > most:
        raise NonRetriable(
            f"The export holds {len(archive.infolist()):,} files, more than {most:,}; see GROUNDWORK_APPLE_MAX_ENTRIES."
        )
    found = [
        each
        for each in archive.infolist()
        if each.filename.lower().endswith(".xml")
        and not each.filename.lower().endswith("_cda.xml")
        and each.filename.count("/") <= 1
        and not each.filename.startswith("__MACOSX/")
    ]
    if len(found) != 1:
        raise NonRetriable(
            f"The zip holds {len(found)} health records, not one. Upload the export.zip as the Health app made it."
        )
    if found[0].flag_bits & 0x1:
        raise NonRetriable("The export is encrypted. Upload it as the Health app made it.")
    if found[0].compress_type not in _UNPACKABLE:
        raise NonRetriable("The export is packed in another way than the Health app does. Upload it as it was made.")
    return found[0]


def _capped(packed: IO[bytes], packed_size: int) -> Iterator[bytes]:
    now, total = fitness_settings(), 0
    while block := packed.read(BLOCK_BYTES):
        total += len(block)
        if total > now.apple_max_bytes:
            raise NonRetriable(
                f"The health record is larger than {now.apple_max_bytes:,} bytes; see GROUNDWORK_APPLE_MAX_BYTES."
            )
        if total > max(now.apple_max_ratio * packed_size, _HARMLESS_BYTES):
            raise NonRetriable(
                f"The health record unpacks to more than {now.apple_max_ratio} times its packed size, like a zip bomb; "
                "see GROUNDWORK_APPLE_MAX_RATIO."
            )
        yield block
