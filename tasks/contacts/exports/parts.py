"""Parts: a stream of bytes, cut for a multipart upload."""

import hashlib
import io
import mmap
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Part:
    """A piece of the file.

    Attributes:
        number: 1 for the first, as S3 counts.
        data: the bytes; held until the part is stored, so that a retried upload does not need the rows again.
        rows: rows of the file that are encoded up to here.
    """

    number: int
    data: memoryview
    rows: int


class PartSink(io.RawIOBase):
    """A stream to write to that hands out parts of equal size, the last one excepted.

    Each part is memory mapped for itself, which goes back to the system with it. From the heap, parts of many threads
    would leave holes, and the process would grow.

    Args:
        part_bytes: bytes of a part.

    Attributes:
        size: bytes written.
    """

    def __init__(self, part_bytes: int) -> None:
        self.size = 0
        self._part_bytes = part_bytes
        self._sha256 = hashlib.sha256()
        self._number = 0
        self._full: deque[mmap.mmap] = deque()
        self._open = _memory(part_bytes)
        self._filled = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Take bytes in, whatever their number."""
        source = memoryview(data).cast("B")
        taken = 0
        while taken < len(source):
            end = min(self._filled + len(source) - taken, self._part_bytes)
            count = end - self._filled
            self._open[self._filled : end] = source[taken : taken + count]
            taken += count
            self._filled = end
            if end == self._part_bytes:
                self._full.append(self._open)
                self._open, self._filled = _memory(self._part_bytes), 0
        self.size += taken
        return taken

    def full(self, rows: int) -> Iterator[Part]:
        """The parts that are complete and not handed out yet."""
        while self._full:
            yield self._part(memoryview(self._full.popleft()), rows)

    def rest(self, rows: int) -> Iterator[Part]:
        """The parts still here, the last one of any size. An empty file is one empty part."""
        yield from self.full(rows)
        if self._filled or not self._number:
            yield self._part(memoryview(self._open)[: self._filled], rows)

    @property
    def sha256(self) -> str:
        """Digest of the parts handed out, hexadecimal."""
        return self._sha256.hexdigest()

    def _part(self, data: memoryview, rows: int) -> Part:
        self._sha256.update(data)
        self._number += 1
        return Part(self._number, data, rows)


def _memory(size: int) -> mmap.mmap:
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # Page by page, the kernel spends longer on mapping a part than we on filling it. Not every system has large pages.
    with suppress(AttributeError, OSError):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory
