"""Streams to and from S3."""

import io
from collections.abc import Callable
from typing import Any

from groundwork.blocks.blob.s3.bucket import S3Bucket
from groundwork.blocks.blob.s3.sized import SizedReader

PART_BYTES = 8 * 1024 * 1024
"""Bytes of an uploaded part and of a read-ahead. S3 takes 10,000 parts, so a blob holds up to 80 GB."""


class S3Writer(io.RawIOBase):
    """A stream that goes up in parts of one size: some stores take no others. Closing it does not end the upload.

    Args:
        send: takes one whole part.

    Attributes:
        rest: what is no whole part yet.
        size: bytes that were written.
    """

    def __init__(self, send: Callable[[memoryview], None]) -> None:
        self._send = send
        self.rest = bytearray()
        self.size = 0

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        for begin in range(0, len(view), PART_BYTES):
            self.rest += view[begin : begin + PART_BYTES]
            while len(self.rest) >= PART_BYTES:
                part, self.rest = self.rest, self.rest[PART_BYTES:]
                with memoryview(part) as whole:
                    self._send(whole[:PART_BYTES])
        self.size += len(view)
        return len(view)

    def writable(self) -> bool:
        return True


class S3Reader(SizedReader):
    """An object as the raw stream that io.BufferedReader wants, never a mixture of two writings.

    Args:
        bucket: where it is.
        key: its key.
    """

    def __init__(self, bucket: S3Bucket, key: str) -> None:
        self._bucket = bucket
        self._key = key
        self._opened = bucket.stat(key)
        self._begin = 0
        self._ahead = memoryview(b"")

    @property
    def size(self) -> int:
        return self._opened.size

    def readinto(self, buffer: Any) -> int:
        left = self.size - self.at
        offset = self.at - self._begin
        if left > 0 and not 0 <= offset < len(self._ahead):
            end = self.at + min(PART_BYTES, left)
            self._ahead = memoryview(self._bucket.read(self._key, self._opened, self.at, end))
            self._begin, offset = self.at, 0
        count = max(0, min(len(buffer), left, len(self._ahead) - offset))
        buffer[:count] = self._ahead[offset : offset + count]
        self.at += count
        return count

    def close(self) -> None:
        self._ahead = memoryview(b"")
        super().close()
