"""Normalising: parsed records into rows as ``app.contact`` wants them, and the reasons why others are rejected."""

from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from groundwork.events.contacts.columns import MOST_CHARACTERS, TEXT_COLUMNS
from groundwork.events.contacts.imports import FULL_NAME
from groundwork.tasks.contacts.imports.reading.parse import Records
from groundwork.tasks.contacts.imports.rows.addresses import Addresses, addresses
from groundwork.tasks.contacts.imports.rows.cells import (
    Traits,
    first_filled,
    has_controls,
    many_lines,
    one_line,
    traits_of,
)
from groundwork.tasks.contacts.imports.rows.custom import json_objects, tag_arrays
from groundwork.tasks.contacts.imports.rows.headers import Layout
from groundwork.tasks.contacts.imports.rows.names import split_names
from groundwork.tasks.contacts.imports.rows.phones import phones
from groundwork.tasks.contacts.imports.rows.reasons import Judged, reasons_of

__all__ = ["MOST_CHARACTERS", "database_rows", "normalise"]

_CUSTOM = "custom:"
_CONTROLS = "[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]"
_WORD_JOINER = "\u2060"
_BETWEEN_LINES = r"[ \t]*[\r\n]+[ \t]*"


@dataclass(frozen=True)
class _Columns:
    """What is read of the fitting columns of one of ours.

    Attributes:
        value: of each row.
        further: name of a custom field → the values of it.
        used: position → rows in which a column that is a custom field as well gave the value.
    """

    value: Any
    further: dict[str, Any]
    used: dict[int, Any]


def normalise(records: Records, layout: Layout) -> tuple[Any, Any]:
    """Clean and judge the records of a chunk.

    Returns:
        A table with our columns that the file has, and its custom fields, one string column each; and one reason per
        record: null where it is accepted, ``blank`` where every cell is empty.
    """
    traits = traits_of(records.chunk.data)
    columns: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    used: dict[int, Any] = {}
    email = _emails(records, layout, traits)
    columns["email"] = email.columns.value
    for name in layout.mapped:
        if name == "email":
            read = email.columns
        elif name == "phone":
            read = _phones(records, layout, traits)
        else:
            read = _texts(records, layout, name, traits)
        columns[name] = read.value
        custom |= read.further
        used |= read.used
    if FULL_NAME in columns:
        for name, half in zip(("first_name", "last_name"), split_names(columns.pop(FULL_NAME)), strict=True):
            columns[name] = pc.coalesce(columns[name], half) if name in columns else half
    for key, at in layout.custom.items():
        cells = many_lines(records.columns[at], traits)
        custom[key] = pc.if_else(used[at], None, cells) if at in used else cells
    table = pa.table(columns | {_CUSTOM + key: column for key, column in custom.items()})
    return table, reasons_of(table, records, layout, email.judged)


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


@dataclass(frozen=True)
class _Emails:
    """The e-mail column with what there is to say of it."""

    columns: _Columns
    judged: Judged


def _emails(records: Records, layout: Layout, traits: Traits) -> _Emails:
    """Of each row the first address of the first column that has one; where none has, the first filled cell."""
    positions = layout.fitting("email")
    read: list[Addresses] = [
        addresses(_address_cells(_lines_apart(records.columns[at], traits), traits)) for at in positions
    ]
    if len(read) == 1:
        only = read[0]
        further = _named(layout, positions[0], only.further)
        return _Emails(_Columns(only.first, further, {}), Judged(only.valid, only.hidden))
    good = [pc.if_else(each.valid, each.first, None) for each in read]
    value = first_filled([*good, *(each.first for each in read)])
    hidden = read[0].hidden
    for each in read[1:]:
        hidden = pc.or_(hidden, each.hidden)
    further = {}
    for at, each in zip(positions, read, strict=True):
        further |= _named(layout, at, each.further)
    valid = first_filled([*(pc.if_else(each.valid, True, None) for each in read), *(each.valid for each in read)])
    used = _used(layout, positions, [each.first for each in read])
    return _Emails(
        _Columns(value, further, used), Judged(valid, pc.and_(hidden, pc.invert(pc.fill_null(valid, False))))
    )


def _phones(records: Records, layout: Layout, traits: Traits) -> _Columns:
    positions = layout.fitting("phone")
    read = [phones(one_line(_lines_apart(records.columns[at], traits), traits, plain=True)) for at in positions]
    value = first_filled([each.first for each in read])
    further: dict[str, Any] = {}
    for at, each in zip(positions, read, strict=True):
        further |= _named(layout, at, each.further)
    return _Columns(value, further, _used(layout, positions, [each.first for each in read]))


def _texts(records: Records, layout: Layout, name: str, traits: Traits) -> _Columns:
    positions = layout.fitting(name)
    clean = many_lines if name == "tags" else one_line
    read = [clean(records.columns[at], traits) for at in positions]
    value = first_filled(read)
    return _Columns(value, {}, _used(layout, positions, read))


def _used(layout: Layout, positions: tuple[int, ...], read: list[Any]) -> dict[int, Any]:
    """Where a further column gave the value, so that it is no custom field of the same row."""
    kept = set(layout.custom.values())
    found: dict[int, Any] = {}
    before = pc.is_valid(read[0])
    for at, each in zip(positions[1:], read[1:], strict=True):
        if at in kept:
            found[at] = pc.and_(pc.invert(before), pc.is_valid(each))
        before = pc.or_(before, pc.is_valid(each))
    return found


def _named(layout: Layout, position: int, further: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(layout.free_names(position, len(further)), further, strict=True)) if further else {}


def _address_cells(column: Any, traits: Traits) -> Any:
    """Cells of addresses, trimmed. A control character within one stays, as one that nobody sees."""
    if not has_controls(column):
        return one_line(column, traits, plain=True)
    return one_line(
        pc.replace_substring_regex(column, _CONTROLS, _WORD_JOINER), replace(traits, ascii=False), plain=True
    )


def _lines_apart(column: Any, traits: Traits) -> Any:
    """Cells in which lines are set apart by a semicolon: people write one number or address a line."""
    if traits.quotes and has_controls(column):
        return pc.replace_substring_regex(pc.utf8_trim_whitespace(column), _BETWEEN_LINES, "; ")
    return column
