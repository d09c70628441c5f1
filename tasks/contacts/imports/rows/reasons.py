"""Reasons: why a record is not imported. docs/imports.md has the cure of each."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from groundwork.events.contacts.columns import MOST_CHARACTERS
from groundwork.tasks.contacts.imports.reading.encoding import UNDECODABLE
from groundwork.tasks.contacts.imports.reading.parse import Records
from groundwork.tasks.contacts.imports.rows.addresses import too_long
from groundwork.tasks.contacts.imports.rows.cells import column_of, longest, trimmed_address
from groundwork.tasks.contacts.imports.rows.headers import Layout
from groundwork.tasks.contacts.imports.rows.report_lines import report_lines

_REPLACEMENT = "\ufffd"
"""What the rejects file shows for bytes that cannot be decoded."""


@dataclass(frozen=True)
class Judged:
    """What was found of the e-mail column.

    Attributes:
        valid: whether it is an address; null where it is empty.
        hidden: whether it is none because of a character that nobody sees.
    """

    valid: Any
    hidden: Any


def reasons_of(table: Any, records: Records, layout: Layout, judged: Judged) -> Any:
    """The first reason that applies to each record; null where none does, ``blank`` where every cell is empty."""
    length = records.count
    email = table["email"].combine_chunks()
    found: dict[str, Any] = {}
    failing = pc.invert(pc.fill_null(judged.valid, False))
    fails = bool(pc.any(failing).as_py())
    if fails:
        found["blank"] = _among(failing, lambda rows: _blank(records, rows))
    if b"\x00" in records.chunk.data:
        found["nul_byte"] = _any_cell_contains(records, "\x00")
    if records.has_undecodable:
        found["invalid_encoding"] = _any_cell_contains(records, UNDECODABLE)
    if layout.reason is not None and not records.chunk.data.isascii():
        found["invalid_encoding"] = _or(found.get("invalid_encoding"), _any_cell_contains(records, _REPLACEMENT))
    if fails:
        found["not_a_row"] = _among(failing, lambda rows: report_lines(records, layout, rows))
        found["missing_email"] = pc.is_null(email)
        found["invisible_character_in_email"] = pc.and_(judged.hidden, failing)
        found["invalid_email"] = failing
    if (beyond := too_long(email)) is not None:
        found["email_too_long"] = beyond
    for name, most in MOST_CHARACTERS.items():
        if name in table.column_names and longest(table[name]) > most:
            long = pc.fill_null(pc.greater(pc.utf8_length(table[name].combine_chunks()), most), False)
            found[f"{name}_too_long"] = _or(found.get(f"{name}_too_long"), long)
    if not found:
        return pa.nulls(length, pa.string())
    masks = pc.make_struct(*found.values(), field_names=list(found))
    return pc.case_when(masks, *[column_of(reason, length) for reason in found])


def _or(one: Any | None, other: Any) -> Any:
    return other if one is None else pc.or_(one, other)


def _among(failing: Any, judge: Any) -> Any:
    """A verdict on each record, asked for only of those that fail, which are few."""
    rows = pc.indices_nonzero(failing)
    return pc.replace_with_mask(pa.repeat(False, len(failing)), failing, judge(rows))


def _blank(records: Records, rows: Any) -> Any:
    blank = pa.repeat(True, len(rows))
    for column in records.columns:
        if not pc.any(blank).as_py():
            break
        blank = pc.and_(blank, pc.is_null(trimmed_address(column.take(rows))))
    return blank


def _any_cell_contains(records: Records, text: str) -> Any:
    found = pa.repeat(False, records.count)
    for column in records.columns:
        found = pc.or_(found, pc.fill_null(pc.match_substring(column, text), False))
    return found
