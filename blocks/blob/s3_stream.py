"""Streams over the files of s3fs, with our errors."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

Explained = Callable[[str], AbstractContextManager[None]]
"""Turns the store's errors on a key into ours."""


class S3Writer(io.RawIOBase):
    """An S3 file as a stream to write to. Closing it does not yet end the upload."""

    def __init__(self, file: Any, key: str, explained: Explained) -> None:
        self._file = file
        self._key = key
        self._explained = explained

    def write(self, data: Any) -> int:
        with self._explained(self._key):
            return int(self._file.write(data))

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
            return int(self._file.readinto(buffer))

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
