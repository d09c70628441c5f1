"""Parts: a stream of bytes, cut for a multipart upload."""

import hashlib
import io
import mmap
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
    would leave holes, and the process would grow. Memory that is taken back is filled again: the kernel clears what it
    maps, which takes longer than filling it.

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
        self._spare: list[mmap.mmap] = []
        self._open: mmap.mmap | None = None
        self._filled = 0
        # What is written behind the end of a part waits here until the part is handed out, so that memory which is
        # taken back meanwhile is there for the next one.
        self._surplus = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Take bytes in, whatever their number."""
        source = memoryview(data).cast("B")
        taken = 0 if self._surplus else self._fill(source)
        self._surplus += source[taken:]
        self.size += len(source)
        return len(source)

    def full(self, rows: int) -> Iterator[Part]:
        """The parts that are complete and not handed out yet."""
        while self._filled == self._part_bytes:
            yield self._part(rows)
            surplus, self._surplus = self._surplus, bytearray()
            self._surplus += memoryview(surplus)[self._fill(memoryview(surplus)) :]

    def rest(self, rows: int) -> Iterator[Part]:
        """The parts still here, the last one of any size. An empty file is one empty part."""
        yield from self.full(rows)
        if self._filled or not self._number:
            yield self._part(rows)

    def take_back(self, part: Part) -> None:
        """Use the memory of a part again, whose data nobody reads any more."""
        self._spare.append(part.data.obj)  # type: ignore[arg-type]

    @property
    def sha256(self) -> str:
        """Digest of the parts handed out, hexadecimal."""
        return self._sha256.hexdigest()

    def _fill(self, source: memoryview) -> int:
        """Copy what there is room for; the number of bytes."""
        count = min(len(source), self._part_bytes - self._filled)
        if count:
            self._memory()[self._filled : self._filled + count] = source[:count]
            self._filled += count
        return count

    def _part(self, rows: int) -> Part:
        data = memoryview(self._memory())[: self._filled]
        self._open, self._filled = None, 0
        self._sha256.update(data)
        self._number += 1
        return Part(self._number, data, rows)

    def _memory(self) -> mmap.mmap:
        """That of the part which is being filled."""
        if self._open is None:
            self._open = self._spare.pop() if self._spare else _mapped(self._part_bytes)
        return self._open


def _mapped(size: int) -> mmap.mmap:
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # Page by page, the kernel spends longer on mapping a part than we on filling it. Not every system has large pages.
    with suppress(AttributeError, OSError):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory
