"""Columns of an export: which ones, in which order, under which headers."""

from collections.abc import Sequence
from dataclasses import dataclass

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.suggestions import near, quoted
from groundwork.blocks.words import counted
from groundwork.events.contacts.columns import CUSTOM_PREFIX, LABELS, STANDARD_COLUMNS
from groundwork.events.contacts.exports import CsvExportConfirmed, Headers

MOST_COLUMNS = 1600
"""PostgreSQL's limit is 1,664 expressions in a SELECT."""
_MOST_WARNINGS = 20
"""Fields that are told of one by one. For each, all fields of the workspace are compared with it."""
_SHOWN_CHARACTERS = 60
_WHAT_FOLLOWS = {"columns": "The column is empty.", "filter": "So the file has no contacts."}


@dataclass(frozen=True)
class ExportColumn:
    """One column of the file.

    Attributes:
        header: as the file has it. The importer maps it back to the same column or custom field.
        field: name of a column of ``app.contact``, or key of a custom field.
        custom: which of the two.
    """

    header: str
    field: str
    custom: bool = False


def all_columns(custom_fields: Sequence[str], headers: Headers = "keys") -> list[ExportColumn]:
    """Every standard column, then the custom fields.

    Args:
        custom_fields: of the workspace.
        headers: whether standard columns are headed by their names or by what people call them.

    Raises:
        NonRetriable: there are more than PostgreSQL can select.
    """
    if len(STANDARD_COLUMNS) + len(custom_fields) > MOST_COLUMNS:
        raise NonRetriable(
            f"The contacts have {len(custom_fields)} custom fields; a file of all of them is limited to {MOST_COLUMNS} "
            "columns. Name the columns to export."
        )
    return [
        *(_standard(name, headers) for name in STANDARD_COLUMNS),
        *(_custom(each, headers) for each in custom_fields),
    ]


def named_columns(names: Sequence[str], headers: Headers = "keys") -> list[ExportColumn]:
    """The columns that an event names, in its order."""
    return [
        _custom(name.removeprefix(CUSTOM_PREFIX), headers)
        if name.startswith(CUSTOM_PREFIX)
        else _standard(name, headers)
        for name in names
    ]


def fields_wanted(event: CsvExportConfirmed) -> dict[str, str]:
    """The custom fields that an event names, each with where it names it."""
    by_filter = dict.fromkeys(event.filter.custom, "filter")
    by_column = {column.field: "columns" for column in named_columns(event.columns or ()) if column.custom}
    return by_column | by_filter


def missing_warnings(event: CsvExportConfirmed, missing: Sequence[str], known: Sequence[str]) -> list[str]:
    """Warnings of custom fields that an event names and no contact has, with those that come near.

    Args:
        event: what names them.
        missing: the fields.
        known: all custom fields of the workspace.
    """
    where = fields_wanted(event)
    told = [
        f"{_unknown(field, where[field], known)} {_WHAT_FOLLOWS[where[field]]}" for field in missing[:_MOST_WARNINGS]
    ]
    more = len(missing) - len(told)
    return [*told, f"{counted(more, 'other custom field')} asked for that no contact has."] if more else told


def _unknown(field: str, where: str, known: Sequence[str]) -> str:
    found = near(field, known)
    hint = (
        f"did you mean {quoted(found)}?"
        if found
        else f"there are {', '.join(_shown(each) for each in known[:20])}."
        if known
        else "there are none."
    )
    return f"{where}: no contact of the workspace has the custom field {_shown(field)}; {hint}"


def _shown(field: str) -> str:
    return repr(field if len(field) <= _SHOWN_CHARACTERS else field[:_SHOWN_CHARACTERS] + "…")


def _standard(name: str, headers: Headers) -> ExportColumn:
    return ExportColumn(LABELS[name] if headers == "labels" else name, name)


def _custom(field: str, headers: Headers) -> ExportColumn:
    """A custom field under its own name, unless a standard column has that name."""
    taken = field in STANDARD_COLUMNS or (headers == "labels" and field in LABELS.values())
    return ExportColumn(CUSTOM_PREFIX + field if taken else field, field, custom=True)
