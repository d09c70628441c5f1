"""The dialect of a CSV: where its table begins, its delimiter and its header."""

from dataclasses import dataclass, replace

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.contacts.imports.reading.first_records import (
    DELIMITERS,
    FirstRecords,
    Record,
    first_records,
    is_address,
)
from groundwork.tasks.contacts.imports.reading.separator_line import declared_delimiter
from groundwork.tasks.contacts.imports.rows.column_sample import ColumnSample
from groundwork.tasks.contacts.imports.rows.vocabulary import is_email_header, is_known_header

_SAMPLE_RECORDS = 100
_FOLLOWING = 20
"""Records behind a header whose lengths are compared with its own."""
_NO_HEADER = "none"
_RARE_DELIMITERS = "^~:\x01"
"""Looked for where a header is one cell under the usual ones."""
_SAMPLE_CHARACTERS = 1000
"""Of a cell. What is longer tells no more."""


@dataclass(frozen=True)
class Dialect:
    """How a file is written.

    Attributes:
        delimiter: one ASCII character.
        headers: the cells of the header, or ``Column 1``, ``Column 2``, … where the file has none.
        header_bytes: length of everything before the first record.
        header_lines: physical lines of the same.
        header_line: physical line of the header, from 1; None where the file has none.
        samples: first cells of each column.
        warnings: what a person should look at.
    """

    delimiter: str
    headers: tuple[str, ...]
    header_bytes: int
    header_lines: int
    header_line: int | None = 1
    samples: tuple[ColumnSample, ...] = ()
    warnings: tuple[str, ...] = ()


def detect_dialect(
    sample: bytes, *, complete: bool, delimiter: str | None = None, header_line: int | str | None = None
) -> Dialect:
    """The dialect of a file, judged by its beginning.

    Args:
        sample: UTF-8, from the start of the file.
        complete: whether the sample is the whole file.
        delimiter: as a person chose it; None to look for it.
        header_line: physical line of the header from 1, or ``none``, as a person chose it; None to look for it.

    Raises:
        NonRetriable: the file is empty, its header does not end within the sample, or no record of the sample begins in
            the line that was chosen.
    """
    if not sample.strip(b"\r\n\t ,;|\xef\xbb\xbf"):
        raise NonRetriable("The file is empty. Upload a CSV with a header and one contact per line.")
    declared, start = declared_delimiter(sample)
    if declared and declared.encode() not in sample[start:]:
        declared = None
    tried = [delimiter] if delimiter else [declared] if declared else [*DELIMITERS]
    read = [first_records(sample, each, start=start, complete=complete) for each in tried]
    if header_line is None:
        found, at = max((_best_header(each) for each in read), key=lambda scored: scored[0])[1]
        if at is not None and found.records[at].width == 1 and not (delimiter or declared):
            found, at = _rarely_delimited(sample, found.records[at], start=start, complete=complete) or (found, at)
        return _described(found, at)
    found = max(read, key=_evenness)
    return _described(found, None if header_line == _NO_HEADER else _at_line(found, header_line))


def _rarely_delimited(
    sample: bytes, header: Record, *, start: int, complete: bool
) -> tuple[FirstRecords, int | None] | None:
    """The table under a rare delimiter, if it cuts the header and every row behind it into as many cells."""
    for delimiter in _RARE_DELIMITERS:
        if delimiter in header.raw[0]:
            read = first_records(sample, delimiter, start=start, complete=complete)
            _, (found, at) = _best_header(read)
            if at is not None and found.records[at].width > 1 and _fit(found, at) == 1.0:
                return found, at
    return None


def _at_line(read: FirstRecords, line: int | str) -> int:
    for at, record in enumerate(read.records):
        if record.first_line == line:
            return at
    raise NonRetriable(f"headerLine: no record begins in line {line} of the file's beginning. Count lines from 1.")


def _best_header(read: FirstRecords) -> tuple[tuple[float, ...], tuple[FirstRecords, int | None]]:
    """The likeliest header under one delimiter, with a score that compares it with those under others."""
    naming = [at for at, record in enumerate(read.records) if not record.has_address and _names_email(record)]
    before = [at for at in naming if not _follows_rows(read, at)]
    named = [(_header_score(read, at), at) for at in before or [at for at in naming if _begins_rows(read, at)]]
    if named:
        score, at = max(named, key=lambda each: (each[0], -each[1]))
        return (2.0, score), (read, at)
    first_address = next((at for at, record in enumerate(read.records) if record.has_address), None)
    if first_address is not None:
        width = read.records[first_address].width
        begin = first_address
        while begin and read.records[begin - 1].width == width and not read.records[begin - 1].blank:
            begin -= 1
        header = None if begin == first_address else begin
        return (1.0, _fit(read, first_address), float(width)), (replace(read, first=begin), header)
    unblank = next((at for at, record in enumerate(read.records) if not record.blank), 0)
    return (0.0, _fit(read, unblank), float(read.records[unblank].width)), (read, unblank)


def _follows_rows(read: FirstRecords, at: int) -> bool:
    """Whether a record with an address comes before this one and is as long."""
    width = read.records[at].width
    return any(each.has_address and each.width == width for each in read.records[:at])


def _begins_rows(read: FirstRecords, at: int) -> bool:
    """Whether this is a header all the same: it has more known words than one, and an address follows."""
    known = sum(is_known_header(cell) for cell in read.records[at].cells)
    return known > 1 and any(each.has_address for each in read.records[at + 1 : at + 4])


def _names_email(record: Record) -> bool:
    """Whether a cell is an e-mail header, and no half of a header that another delimiter would cut."""
    return any(is_email_header(cell) and not any(each in cell for each in DELIMITERS + '"') for cell in record.cells)


def _header_score(read: FirstRecords, at: int) -> float:
    known = sum(is_known_header(cell) for cell in read.records[at].cells)
    return 2 * _fit(read, at) + 0.3 * min(known, 10) + 0.01 * min(read.records[at].width, 20)


def _fit(read: FirstRecords, at: int) -> float:
    """Share of the records behind one that are as long as it, but for empty cells at their end."""
    width = read.records[at].width
    following = [each for each in read.records[at + 1 : at + 1 + _FOLLOWING] if not each.blank]
    if not following:
        return 0.5
    return sum(each.width == width or each.filled_width == width for each in following) / len(following)


def _evenness(read: FirstRecords) -> tuple[float, int]:
    unblank = next((at for at, record in enumerate(read.records) if not record.blank), 0)
    return _fit(read, unblank), read.records[unblank].width


def _described(read: FirstRecords, at: int | None) -> Dialect:
    if at is None:
        body = read.records[read.first :]
        begin = next((each for each in body if not each.blank), read.records[-1])
        width = max((each.width for each in body[:_SAMPLE_RECORDS]), default=1)
        return Dialect(
            read.delimiter,
            tuple(f"Column {number + 1}" for number in range(width)),
            begin.start,
            begin.first_line - 1,
            None,
            _samples(body, width),
            ("The file has no header: its columns are numbered.",),
        )
    header = read.records[at]
    if not header.closed:
        raise NonRetriable("The header does not end: a quote in it is never closed, or the file is not a CSV.")
    body = read.records[at + 1 :]
    headers = ("", *header.raw) if _leaves_out_row_names(header, body) else header.raw
    return Dialect(
        read.delimiter,
        headers,
        header.end,
        header.last_line,
        header.first_line,
        _samples(body, len(headers)),
        _mixed(header, body, read.delimiter),
    )


def _leaves_out_row_names(header: Record, body: list[Record]) -> bool:
    """Whether rows begin with a cell more than the header, such as numbers: R writes them so."""
    rows = [each for each in body if not each.blank][:_FOLLOWING]
    if not rows or any(each.width != header.width + 1 for each in rows):
        return False
    places = [at for at, cell in enumerate(header.cells) if is_email_header(cell)]
    return any(
        any(is_address(each.cells[at + 1]) for each in rows) and not any(is_address(each.cells[at]) for each in rows)
        for at in places
    )


def _samples(records: list[Record], width: int) -> tuple[ColumnSample, ...]:
    cells: list[list[str]] = [[] for _ in range(width)]
    for record in records[:_SAMPLE_RECORDS]:
        for at, cell in enumerate(record.cells[:width]):
            if cell:
                cells[at].append(cell[:_SAMPLE_CHARACTERS])
    return tuple(ColumnSample(tuple(each)) for each in cells)


def _mixed(header: Record, body: list[Record], delimiter: str) -> tuple[str, ...]:
    """A warning where the rows have another delimiter than the header, or lines are in quotes as a whole."""
    if header.width == 1 and any(each in header.raw[0] for each in DELIMITERS):
        return (
            f"The header is one cell, {header.raw[0][:80]!r}. Choose another delimiter, or remove the quotes if whole "
            "lines are in quotes.",
        )
    rows = [each for each in body if not each.blank][:_FOLLOWING]
    if header.width < 2 or not rows or any(each.width > 1 for each in rows):
        return ()
    for other in DELIMITERS:
        if other != delimiter and all(each.cells[0].count(other) == header.width - 1 for each in rows):
            return (f"The header has the delimiter {delimiter!r} and the rows have {other!r}. Use one in all lines.",)
    return ()
