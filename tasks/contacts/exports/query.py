"""The SELECT of an export. Values enter it as literals that psycopg quotes: COPY takes no parameters."""

from collections.abc import Sequence
from typing import Any

from psycopg import sql

from groundwork.events.contacts.columns import TAG_SEPARATOR
from groundwork.events.contacts.exports import ContactFilter, ExportFormat
from groundwork.tasks.contacts.exports.columns import ExportColumn

LOOKED_FOR_SINGLY = 20
"""Fields that are each looked for until a contact has it. A rare one reads all contacts, so more are looked for at
once."""
_SOME = 100
"""Contacts whose fields are collected first. More find rarer fields, and take longer."""


def contacts(
    workspace_id: str, where: ContactFilter, columns: Sequence[ExportColumn], file_format: ExportFormat
) -> str:
    """The rows of an export, in no order but that of the table.

    Args:
        workspace_id: whose contacts.
        where: which of them.
        columns: of the file, in order.
        file_format: csv gets tags as one text, parquet as a list.
    """
    select = sql.SQL(", ").join(_expression(column, file_format) for column in columns)
    conditions = sql.SQL(" AND ").join(_where(workspace_id, where))
    source: sql.Composable = sql.SQL("app.contact WHERE {}").format(conditions)
    if sum(column.custom for column in columns) > 1:
        source = _unpacked_once(columns, conditions)
    return _text(sql.SQL("SELECT {} FROM {}").format(select, source))


def _unpacked_once(columns: Sequence[ExportColumn], conditions: sql.Composable) -> sql.Composable:
    """The contacts, each with its custom fields in memory. ``->>`` on the table's column fetches and decompresses the
    whole document for each field; docs/exports.md has figures."""
    names = dict.fromkeys(column.field for column in columns if not column.custom)
    # || gives the document back as it is, decompressed. OFFSET 0 keeps the planner from moving it into each ->>.
    return sql.SQL("(SELECT {} FROM app.contact WHERE {} OFFSET 0) AS contact").format(
        sql.SQL(", ").join([*map(sql.Identifier, names), sql.SQL("custom || '{}' AS custom")]), conditions
    )


def custom_fields(workspace_id: str) -> str:
    """Every custom field that a contact of the workspace has."""
    # Planned apart from their order, so that all keys of all documents are hashed and not sorted, on disk mostly.
    return _text(
        sql.SQL(
            "WITH fields AS MATERIALIZED (SELECT DISTINCT jsonb_object_keys(custom) AS field FROM app.contact"
            " WHERE workspace_id = {}) SELECT field FROM fields ORDER BY field"
        ).format(_literal(workspace_id))
    )


def fields_of_some(workspace_id: str) -> str:
    """The custom fields of a few contacts of the workspace: nearly all that there are, for next to nothing."""
    return _text(
        sql.SQL(
            "SELECT DISTINCT jsonb_object_keys(custom) FROM"
            " (SELECT custom FROM app.contact WHERE workspace_id = {} LIMIT {}) AS contacts"
        ).format(_literal(workspace_id), _literal(_SOME))
    )


def missing_fields(workspace_id: str, fields: Sequence[str]) -> str:
    """The custom fields among these that no contact of the workspace has."""
    if len(fields) > LOOKED_FOR_SINGLY:
        found = sql.SQL("SELECT jsonb_object_keys(custom) FROM app.contact WHERE workspace_id = {}")
        return _text(
            sql.SQL("SELECT field FROM unnest({}::text[]) AS field EXCEPT {} ORDER BY field").format(
                _literal(list(fields)), found.format(_literal(workspace_id))
            )
        )
    return _text(
        sql.SQL(
            "SELECT field FROM unnest({}::text[]) AS field WHERE NOT EXISTS"
            " (SELECT FROM app.contact WHERE workspace_id = {} AND custom ? field)"
        ).format(_literal(list(fields)), _literal(workspace_id))
    )


def _expression(column: ExportColumn, file_format: ExportFormat) -> sql.Composable:
    if column.custom:
        return sql.SQL("custom ->> {}").format(_literal(column.field))
    if column.field == "tags" and file_format == "csv":
        return sql.SQL("array_to_string(tags, {})").format(_literal(TAG_SEPARATOR))
    return sql.Identifier(column.field)


def _where(workspace_id: str, where: ContactFilter) -> list[sql.Composable]:
    conditions: list[sql.Composable] = [sql.SQL("workspace_id = {}").format(_literal(workspace_id))]
    if where.tags_any:
        conditions.append(sql.SQL("tags && {}::text[]").format(_literal(list(where.tags_any))))
    if where.tags_all:
        conditions.append(sql.SQL("tags @> {}::text[]").format(_literal(list(where.tags_all))))
    if where.city is not None:
        conditions.append(sql.SQL("city = {}").format(_literal(where.city)))
    if where.updated_since is not None:
        conditions.append(sql.SQL("updated_at >= {}").format(_literal(where.updated_since)))
    for field, value in where.custom.items():
        conditions.append(sql.SQL("custom ->> {} = {}").format(_literal(field), _literal(value)))
    return conditions


def _literal(value: Any) -> sql.Literal:
    # str, not a subclass of it: psycopg adapts by exact type.
    return sql.Literal(str(value) if isinstance(value, str) else value)


def _text(statement: sql.Composable) -> str:
    return statement.as_string(None)
