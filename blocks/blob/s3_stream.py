"""Streams to and from S3, with our errors."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from groundwork.blocks.errors import BlobChanged

Explained = Callable[[str], AbstractContextManager[None]]
"""Turns the store's errors on a key into ours."""


class S3Writer(io.RawIOBase):
    """A stream that goes up in parts of one size: some stores take no others. Closing it does not end the upload.

    Args:
        part_bytes: size of a part.
        send: takes one whole part.
    """

    def __init__(self, part_bytes: int, send: Callable[[memoryview], None]) -> None:
        self._part_bytes = part_bytes
        self._send = send
        self.rest = bytearray()
        self.size = 0

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        for begin in range(0, len(view), self._part_bytes):
            self.rest += view[begin : begin + self._part_bytes]
            while len(self.rest) >= self._part_bytes:
                part, self.rest = self.rest, self.rest[self._part_bytes :]
                with memoryview(part) as whole:
                    self._send(whole[: self._part_bytes])
        self.size += len(view)
        return len(view)

    def writable(self) -> bool:
        return True


class S3Reader(io.RawIOBase):
    """An S3 file as the raw stream that io.BufferedReader wants."""

    def __init__(self, file: Any, key: str, explained: Explained) -> None:
        self._file = file
        self._key = key
        self._explained = explained

    def readinto(self, buffer: Any) -> int:
        with self._explained(self._key):
            count = int(self._file.readinto(buffer))
        if count == 0 and len(buffer) and self._file.tell() < self._file.size:
            raise BlobChanged(f"{self._key} ends {self._file.size - self._file.tell():,} bytes before its size")
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()
