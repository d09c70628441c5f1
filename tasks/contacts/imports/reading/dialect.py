"""The dialect of a CSV: its delimiter and its header."""

import csv
import io
from dataclasses import dataclass

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.contacts.imports.reading.encoding import UNDECODABLE, repaired
from groundwork.tasks.contacts.imports.reading.lines import count_lines, first_record_end
from groundwork.tasks.contacts.imports.rows.headers import is_email_header

DELIMITERS = ",;\t|"
_SAMPLE_BYTES = 64 * 1024
_SAMPLE_RECORDS = 100


@dataclass(frozen=True)
class Dialect:
    """How a file is written.

    Attributes:
        delimiter: one of ``DELIMITERS``.
        headers: the cells of the first record that is not blank.
        header_bytes: length of everything up to and including that record.
        header_lines: physical lines of the same.
    """

    delimiter: str
    headers: tuple[str, ...]
    header_bytes: int
    header_lines: int


def detect_dialect(sample: bytes, *, complete: bool) -> Dialect:
    """The dialect of a file, judged by its beginning.

    Args:
        sample: UTF-8, from the start of the file.
        complete: whether the sample is the whole file.

    Raises:
        NonRetriable: the file is empty, or its header does not end within the sample.
    """
    if not sample.strip(b"\r\n\t ,;|"):
        raise NonRetriable("The file is empty. Upload a CSV with a header and one contact per line.")
    start = len(sample) - len(sample.lstrip(b"\r\n"))
    declared, start = _declared_delimiter(sample, start)
    delimiter = declared or _likely_delimiter(sample[start : start + _SAMPLE_BYTES])
    length = first_record_end(sample[start:], delimiter)
    if length == 0:
        if not complete or sample.count(b'"', start) % 2:
            raise NonRetriable("The header does not end: a quote in it is never closed, or the file is not a CSV.")
        length = len(sample) - start
    text = repaired(sample[start : start + length])[0].decode().replace(UNDECODABLE, "\ufffd")
    try:
        headers = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise NonRetriable(f"The header cannot be read: {error}.") from error
    end = start + length
    ends_with_line = sample[end - 1 : end] in (b"\n", b"\r")
    return Dialect(delimiter, tuple(headers), end, count_lines(sample[:end]) + (not ends_with_line))


def _declared_delimiter(sample: bytes, start: int) -> tuple[str | None, int]:
    """The delimiter of Excel's first line ``sep=;``, if there is one, and where the rest begins."""
    line = sample[start : start + 8].splitlines()[0]
    if len(line) == 5 and line.lower().startswith(b"sep=") and chr(line[4]) in DELIMITERS:
        after = sample[start + 5 :]
        return chr(line[4]), start + 5 + len(after) - len(after.lstrip(b"\r\n"))
    return None, start


def _likely_delimiter(sample: bytes) -> str:
    """The delimiter under which the header has an e-mail column, records are as long as it, and it is longest."""
    text = repaired(sample)[0].decode()
    return max(DELIMITERS, key=lambda each: _fit(text, each))


def _fit(text: str, delimiter: str) -> tuple[bool, float, int]:
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        records = [record for record, _ in zip(reader, range(_SAMPLE_RECORDS), strict=False) if record]
    except csv.Error:
        return False, 0.0, 0
    width = len(records[0])
    even = sum(1 for record in records if len(record) == width) / len(records)
    return any(map(_is_plain_email_header, records[0])), even, width


def _is_plain_email_header(header: str) -> bool:
    """Whether this is an e-mail header and no half of a header that another delimiter would cut."""
    return is_email_header(header) and not any(each in header for each in DELIMITERS + '"')
