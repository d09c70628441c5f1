"""The stored bytes of a packed upload, as programs that unpack may read them."""

import io
from typing import BinaryIO

MOST_AT_ONCE = 1024 * 1024
"""Bytes of one read. An archive asks for as many as it says that it holds: its table of contents, for one."""


class PackedDamaged(OSError):
    """The archive is not what it says it is. An OSError, as files raise for places that they do not have."""


class PackedSource(io.RawIOBase):
    """A stream over the upload in which an archive's lies lead nowhere.

    What the archive asks for is refused by :class:`PackedDamaged`. What the store fails at is kept in ``failure``, so
    that whoever reads can tell a damaged archive from a store that is away.

    Args:
        stream: the upload, seekable.
        size: bytes of it.
    """

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._size = size
        self._position = stream.tell()
        self.failure: BaseException | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if not 0 <= position <= self._size:
            raise PackedDamaged("it points to a place outside of itself")
        self._position = position
        return position

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._size - self._position if size is None or size < 0 else size
        if wanted > MOST_AT_ONCE:
            raise PackedDamaged("its table of contents is too large for one CSV")
        try:
            self._stream.seek(self._position)
            data = self._stream.read(wanted)
        except BaseException as error:
            self.failure = error
            raise
        self._position += len(data)
        return data
