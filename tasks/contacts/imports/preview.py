"""The preview of an import: how a file would be read, told from its head alone."""

import itertools
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal

from pydantic import BaseModel, Field

from groundwork.blocks.blob.store import BlobStore
from groundwork.events.base import WIRE
from groundwork.events.contacts.columns import CUSTOM_PREFIX
from groundwork.events.contacts.imports import ImportOptions
from groundwork.tasks.contacts.imports.reading.dialect import Dialect, detect_dialect
from groundwork.tasks.contacts.imports.reading.encoding import (
    LOW_CONFIDENCE,
    SAMPLE_BYTES,
    Encoding,
    detect_encoding,
    named_encoding,
)
from groundwork.tasks.contacts.imports.reading.not_csv import refuse_other_text
from groundwork.tasks.contacts.imports.reading.transcode import utf8_blocks
from groundwork.tasks.contacts.imports.reading.unpack import unpacked_blocks
from groundwork.tasks.contacts.imports.rows.headers import Layout, layout_of

_SHOWN_CELLS = 3
_SHOWN_CHARACTERS = 80
_LOST_DIGITS = re.compile(r"\d(?:[.,]\d+)?E\+\d{1,2}", re.IGNORECASE)


class PreviewColumn(BaseModel):
    """One column of the file.

    Attributes:
        position: from 1.
        header: as written in the file.
        samples: the first three cells that are filled, shortened to 80 characters.
        field: column of a contact, ``full_name``, ``custom.<field>``, or None where it is left out.
        why: why it becomes that.
    """

    model_config = WIRE

    position: int
    header: str
    samples: list[str]
    field: str | None
    why: str


class ImportPreview(BaseModel):
    """How a file would be read.

    Attributes:
        encoding: name of the codec.
        encoding_confidence: 0 to 1; below 0.3 there is a warning.
        delimiter: one character.
        header_line: line of the header, from 1, or ``none``.
        columns: of the file, in its order.
        warnings: what a person should look at.
    """

    model_config = WIRE

    encoding: str
    encoding_confidence: float = Field(ge=0, le=1)
    delimiter: str
    header_line: int | Literal["none"]
    columns: list[PreviewColumn]
    warnings: list[str]


def preview(head: bytes, options: ImportOptions | None = None, *, complete: bool = False) -> ImportPreview:
    """How a file would be read.

    Args:
        head: its first bytes, unpacked; the first MiB is enough.
        options: what a person chose so far; by default all is guessed.
        complete: whether the head is the whole file.

    Raises:
        NonRetriable: it is empty, no CSV, has no e-mail column or too many columns, or is not as the options say.
    """
    chosen = options or ImportOptions()
    later: list[Encoding] = []
    encoding = named_encoding(chosen.encoding, head) if chosen.encoding else detect_encoding(head)
    text = b"".join(utf8_blocks([head], encoding, later.append))
    refuse_other_text(text)
    dialect = detect_dialect(text, complete=complete, delimiter=chosen.delimiter, header_line=chosen.header_line)
    layout = layout_of(dialect.headers, dialect.samples, chosen.columns)
    return described(later[0] if later else encoding, dialect, layout)


def described(encoding: Encoding, dialect: Dialect, layout: Layout) -> ImportPreview:
    """What was found of a file, for a person."""
    return ImportPreview(
        encoding=encoding.name,
        encoding_confidence=encoding.confidence,
        delimiter=dialect.delimiter,
        header_line=dialect.header_line or "none",
        columns=_columns(dialect, layout),
        warnings=[*_doubts(encoding), *dialect.warnings, *layout.warnings, *_lost_digits(dialect, layout)],
    )


def preview_upload(store: BlobStore, key: str, options: ImportOptions | None = None) -> ImportPreview:
    """How an upload would be read. Reads its head alone.

    Args:
        store: where it is.
        key: its key.
        options: what a person chose so far.

    Raises:
        BlobMissing: there is no such blob.
        NonRetriable: as :func:`preview`.
    """
    size = store.stat(key).size
    with store.open(key) as stream:
        return preview_stream(stream, size, options)


def preview_stream(stream: BinaryIO, size: int, options: ImportOptions | None = None) -> ImportPreview:
    """How an open file, packed or not, would be read.

    Args:
        stream: seekable, at its start.
        size: bytes of it.
        options: what a person chose so far.

    Raises:
        NonRetriable: as :func:`preview`.
    """
    blocks: Iterator[bytes] = unpacked_blocks(stream, size)
    head = bytearray()
    for block in blocks:
        head += block
        if len(head) > SAMPLE_BYTES:
            break
    return preview(bytes(head[:SAMPLE_BYTES]), options, complete=len(head) <= SAMPLE_BYTES)


def guesses(encoding: Encoding, dialect: Dialect, layout: Layout) -> dict[str, Any]:
    """How a file was read, without its cells, for the report of the import."""
    found = described(encoding, dialect, layout)
    return found.model_dump(exclude={"columns"}) | {
        "columns": {each.header or f"#{each.position}": each.field or "left out" for each in found.columns}
    }


def _columns(dialect: Dialect, layout: Layout) -> list[PreviewColumn]:
    fields = {at: CUSTOM_PREFIX + key for key, at in layout.custom.items()}
    fields |= {at: column for column in layout.mapped for at in layout.fitting(column)}
    columns = []
    for at, header in enumerate(dialect.headers):
        cells = dialect.samples[at].cells if at < len(dialect.samples) else ()
        own = layout.reason is not None and at >= len(layout.headers)
        why = "the rejects file's own column" if own else layout.why.get(at, "no column of a contact is called so")
        shown = [cell[:_SHOWN_CHARACTERS] for cell in itertools.islice(cells, _SHOWN_CELLS)]
        columns.append(
            PreviewColumn(position=at + 1, header=header.strip(), samples=shown, field=fields.get(at), why=why)
        )
    return columns


def _doubts(encoding: Encoding) -> list[str]:
    if encoding.confidence >= LOW_CONFIDENCE:
        return []
    return [
        f"The encoding is not sure: it may be {encoding.name}. Look at the names, and choose another if they are wrong."
    ]


def _lost_digits(dialect: Dialect, layout: Layout) -> list[str]:
    """A warning where a spreadsheet has written phone numbers as powers of ten."""
    for at in layout.fitting("phone") if "phone" in layout.mapped else ():
        if any(_LOST_DIGITS.fullmatch(cell) for cell in dialect.samples[at].cells):
            return [
                f"The column {dialect.headers[at].strip()!r} has numbers such as 4.9E+11: a spreadsheet has cut off "
                "their last digits. Export the file again, with the column as text."
            ]
    return []
