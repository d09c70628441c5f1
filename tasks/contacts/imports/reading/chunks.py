"""Chunks: a file cut into pieces of whole records, at the same places whenever the same bytes are read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.contacts.imports.reading.lines import count_lines, last_record_end, unclosed_quote

MAX_RECORD_BYTES = 16 * 1024 * 1024
"""Longest record. A longer one is nearly always a quote that someone forgot to close."""
FIRST_CHUNK_BYTES = 512 * 1024
"""Length of the first chunk, at most. Longer: PostgreSQL waits for its first rows. Shorter: a step for few rows."""


@dataclass(frozen=True)
class Chunk:
    """A piece of a CSV, in UTF-8, that begins and ends with whole records.

    Attributes:
        number: 0 for the first.
        data: the bytes.
        first_line: physical line of the file, from 1, on which the data begins.
    """

    number: int
    data: bytes
    first_line: int


@dataclass(frozen=True)
class Cut:
    """Where a file is cut. Chunk numbers mean the same only to an attempt with the same cut.

    Attributes:
        each: bytes of a chunk.
        first: bytes of the first one.
    """

    each: int
    first: int

    @classmethod
    def of(cls, chunk_bytes: int) -> Self:
        """The cut of a new import.

        Args:
            chunk_bytes: bytes of a chunk.
        """
        return cls(each=chunk_bytes, first=min(chunk_bytes, FIRST_CHUNK_BYTES))

    @classmethod
    def noted(cls, note: Mapping[str, Any]) -> Self:
        """The cut that an attempt has noted as ``cut``; one of an earlier release, as ``chunk_bytes``."""
        if "cut" in note:
            return cls(**note["cut"])
        return cls(each=note["chunk_bytes"], first=note["chunk_bytes"])


def chunks(blocks: Iterable[bytes], *, delimiter: str, cut: Cut, first_line: int) -> Iterator[Chunk]:
    """Cut a stream of UTF-8 into chunks.

    A chunk ends behind the last record that ends within its length; a longer record makes a longer chunk. So the
    cuts depend on the bytes and on ``cut`` alone, never on the lengths of the blocks read.

    Args:
        blocks: the file behind its header, in blocks of any length.
        delimiter: one ASCII character.
        cut: lengths of the chunks.
        first_line: physical line on which the blocks begin.

    Raises:
        NonRetriable: a record is longer than ``MAX_RECORD_BYTES``, or a quoted field does not end before the file does.
    """
    source = iter(blocks)
    pending = bytearray()
    number, line, wanted, complete = 0, first_line, cut.first, False
    while True:
        while len(pending) < wanted and not complete:
            block = next(source, None)
            if block is None:
                complete = True
            else:
                pending += block
        if not pending:
            return
        data = bytes(memoryview(pending)[:wanted])
        at_end = complete and len(data) == len(pending)
        end = last_record_end(data, delimiter, complete=at_end)
        if at_end:
            end = _end_of_file(data, delimiter, end, line)
        if end == 0:
            if wanted > MAX_RECORD_BYTES:
                raise NonRetriable(_too_long(data, delimiter, line))
            wanted += cut.each
            continue
        chunk = Chunk(number, data[:end], line)
        del pending[:end]
        number, line, wanted = number + 1, line + count_lines(chunk.data), cut.each
        yield chunk


def _end_of_file(data: bytes, delimiter: str, end: int, line: int) -> int:
    """Where the last chunk ends: with the file, unless a quote is open there."""
    opening = unclosed_quote(data[end:], delimiter)
    if opening is None:
        return len(data)
    at = line + count_lines(data[: end + opening])
    raise NonRetriable(
        f"The quote that opens a field in line {at} is never closed. Close it and upload the file again."
    )


def _too_long(data: bytes, delimiter: str, line: int) -> str:
    opening = unclosed_quote(data, delimiter)
    limit = f"the record that begins in line {line} is longer than {MAX_RECORD_BYTES} bytes"
    if opening is None:
        return f"The file cannot be read: {limit}."
    at = line + count_lines(data[:opening])
    return f"The quote that opens a field in line {at} is never closed: {limit}. Close it and upload the file again."
