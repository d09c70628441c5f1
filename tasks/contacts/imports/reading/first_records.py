"""The first records of a file, read under one delimiter."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from groundwork.tasks.contacts.imports.reading.encoding import UNDECODABLE, repaired
from groundwork.tasks.contacts.imports.reading.lines import count_lines

DELIMITERS = ",;\t|"
_RECORDS = 200
_BYTES = 256 * 1024
_ADDRESS = re.compile(r"(?:[^<>@]*<)?\s*(?:mailto:)?[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:\"]{2,}\s*>?")
_LONGEST_ADDRESS = 400
"""Characters of a cell that may be an address, with a name beside it."""
_ODD_SPACE = "\ufeff\u200b\u2060\u00ad"


def is_address(cell: str) -> bool:
    """Whether a cell is an e-mail address, perhaps in brackets behind a name."""
    return len(cell) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(cell) is not None


@dataclass(frozen=True)
class Record:
    """A record of the beginning.

    Attributes:
        raw: the cells as they are written.
        start: offset in the sample.
        end: offset just behind it and its line end.
        first_line: physical line on which it begins, from 1.
        last_line: physical line on which it ends.
        closed: whether every quote in it is closed.
    """

    raw: tuple[str, ...]
    start: int
    end: int
    first_line: int
    last_line: int
    closed: bool = True

    @cached_property
    def cells(self) -> tuple[str, ...]:
        """The cells without space at their ends."""
        return tuple(cell.strip().strip(_ODD_SPACE).strip() for cell in self.raw)

    @property
    def width(self) -> int:
        """Number of cells."""
        return len(self.raw)

    @cached_property
    def filled_width(self) -> int:
        """Number of cells without empty ones at the end."""
        return max((at + 1 for at, cell in enumerate(self.cells) if cell), default=0)

    @property
    def blank(self) -> bool:
        """Whether no cell holds anything."""
        return self.filled_width == 0

    @cached_property
    def has_address(self) -> bool:
        """Whether a cell is an e-mail address, perhaps with a name: ``Ada <ada@example.com>``."""
        return any(is_address(cell) for cell in self.cells)


@dataclass(frozen=True)
class FirstRecords:
    """What the beginning of a file is under one delimiter.

    Attributes:
        delimiter: one ASCII character.
        records: at least one; blank ones included.
        first: index of the first record that may be of the table, where no header says so.
    """

    delimiter: str
    records: list[Record]
    first: int = 0


def first_records(sample: bytes, delimiter: str, *, start: int, complete: bool) -> FirstRecords:
    """Read the beginning of a file.

    Args:
        sample: UTF-8, from the start of the file.
        delimiter: one ASCII character.
        start: offset of the first record.
        complete: whether the sample is the whole file.
    """
    whole = complete and len(sample) - start <= _BYTES
    records = list(_records(sample, delimiter, start, whole))
    if not records or (len(records) == 1 and not records[0].closed):
        records = list(_records(sample, delimiter, start, complete, limit=len(sample)))
    return FirstRecords(delimiter, records or [Record((), start, start, 1, 1, closed=False)])


def _records(sample: bytes, delimiter: str, start: int, complete: bool, *, limit: int = _BYTES) -> Iterator[Record]:
    data = sample[start : start + limit]
    lines = data.splitlines(keepends=True)
    if len(lines) > 1 and not complete:
        lines.pop()  # it may be cut
    used: list[bytes] = []
    at, line = start, count_lines(sample[:start]) + 1

    def told() -> Iterator[str]:
        for each in lines:
            used.append(each)
            yield repaired(each)[0].decode().replace(UNDECODABLE, "\ufffd")

    reader = csv.reader(told(), delimiter=delimiter, skipinitialspace=delimiter != " ")
    try:
        for cells, _ in zip(reader, range(_RECORDS), strict=False):
            size = sum(map(len, used))
            cut = at + size - start >= len(data) and _leaves_quote_open(used, delimiter)
            yield Record(tuple(cells), at, at + size, line, line + len(used) - 1, not cut)
            at, line = at + size, line + len(used)
            used.clear()
    except csv.Error:  # a cell beyond the csv module's limit: what was read before it has to do
        return


def _leaves_quote_open(lines: list[bytes], delimiter: str) -> bool:
    """Whether a record at the end of the data ends within quotes."""
    if b"".join(lines).count(b'"') % 2 == 0:
        return False
    opens = lines[0].startswith(b'"') or delimiter.encode() + b'"' in lines[0]
    return len(lines) > 1 or (opens and not lines[0].endswith((b"\n", b"\r")))
