"""Normalising: parsed records into rows as ``app.contact`` wants them, and the reasons why others are rejected."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from groundwork.events.contacts.columns import MOST_CHARACTERS, TEXT_COLUMNS
from groundwork.tasks.contacts.imports.reading.encoding import UNDECODABLE
from groundwork.tasks.contacts.imports.reading.parse import Records
from groundwork.tasks.contacts.imports.rows.cells import column_of, contains, longest, many_lines, one_line
from groundwork.tasks.contacts.imports.rows.custom import json_objects, tag_arrays
from groundwork.tasks.contacts.imports.rows.headers import FULL_NAME, Layout

EMAIL_PATTERN = (
    r'^[^\s"(),:;<>@\[\\\].]+(?:\.[^\s"(),:;<>@\[\\\].]+)*@'
    r"(?:[\pL\pN](?:[\pL\pN-]*[\pL\pN])?\.)+[\pL\pN](?:[\pL\pN-]*[\pL\pN])?$"
)
"""An address as mail servers take it: RFC 5322's dot-atom, letters beyond ASCII allowed (RFC 6531), at a domain of two
or more labels. Quoted local parts, comments and address literals are refused."""

_CUSTOM = "custom:"


def normalise(records: Records, layout: Layout) -> tuple[Any, Any]:
    """Clean and judge the records of a chunk.

    Returns:
        A table with our columns that the file has, and its custom fields, one string column each; and one reason per
        record: null where it is accepted, ``blank`` where every cell is empty.
    """
    columns = {name: one_line(records.columns[at]) for name, at in layout.mapped.items() if name != "tags"}
    if FULL_NAME in columns:
        columns["first_name"], columns["last_name"] = _split_names(columns.pop(FULL_NAME))
    columns["email"] = pc.utf8_lower(columns["email"])
    columns["phone"] = _without_guard(columns["phone"]) if "phone" in columns else None
    if "tags" in layout.mapped:
        columns["tags"] = many_lines(records.columns[layout.mapped["tags"]])
    for key, at in layout.custom.items():
        columns[_CUSTOM + key] = many_lines(records.columns[at])
    table = pa.table({name: column for name, column in columns.items() if column is not None})
    return table, _reasons(table, records)


def database_rows(table: Any) -> Any:
    """The accepted rows as the staging table takes them: text columns, ``tags`` as arrays, ``custom`` as JSON.

    Args:
        table: as :func:`normalise` returns it, accepted rows only.

    Returns:
        A table sorted by e-mail, so that two imports of one workspace lock their rows in the same order.
    """
    table = table.sort_by("email").combine_chunks()
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    rows = {name: columns[name] for name in TEXT_COLUMNS if name in columns}
    if "tags" in columns:
        rows["tags"] = tag_arrays(columns["tags"])
    custom = {name.removeprefix(_CUSTOM): column for name, column in columns.items() if name.startswith(_CUSTOM)}
    if custom:
        rows["custom"] = json_objects(custom, len(table))
    return pa.table(rows)


def _split_names(names: Any) -> tuple[Any, Any]:
    """Full names, split at the last space. A single word is a first name."""
    first = pc.replace_substring_regex(names, r"\s+\S+$", "")
    last = pc.if_else(pc.match_substring(names, " "), pc.replace_substring_regex(names, r"^.*\s", ""), None)
    return first, last


def _without_guard(phones: Any) -> Any:
    """Phones without the apostrophe that a spreadsheet, and our own rejects file, puts before a plus sign."""
    return pc.replace_substring_regex(phones, "^'", "") if contains(phones, "'") else phones


def _reasons(table: Any, records: Records) -> Any:
    """The first reason that applies to each record."""
    length = records.count
    email = table["email"].combine_chunks()
    found: dict[str, Any] = {}
    if email.null_count:
        missing = pc.is_null(email)
        found["blank"] = _blank(records, missing)
    if b"\x00" in records.chunk.data:
        found["nul_byte"] = _any_cell_contains(records, "\x00")
    if records.has_undecodable:
        found["invalid_encoding"] = _any_cell_contains(records, UNDECODABLE)
    if email.null_count:
        found["missing_email"] = missing
    valid = pc.match_substring_regex(email, EMAIL_PATTERN)
    if not pc.all(valid, skip_nulls=True).as_py():
        found["invalid_email"] = pc.fill_null(pc.invert(valid), False)
    for name, most in MOST_CHARACTERS.items():
        if name in table.column_names and longest(table[name]) > most:
            found[f"{name}_too_long"] = pc.fill_null(
                pc.greater(pc.utf8_length(table[name].combine_chunks()), most), False
            )
    if not found:
        return pa.nulls(length, pa.string())
    masks = pc.make_struct(*found.values(), field_names=list(found))
    return pc.case_when(masks, *[column_of(reason, length) for reason in found])


def _blank(records: Records, missing: Any) -> Any:
    blank = missing
    for column in records.columns:
        if not pc.any(blank).as_py():
            break
        blank = pc.and_(blank, pc.is_null(column))
    return blank


def _any_cell_contains(records: Records, text: str) -> Any:
    found = pa.repeat(False, records.count)
    for column in records.columns:
        found = pc.or_(found, pc.fill_null(pc.match_substring(column, text), False))
    return found
