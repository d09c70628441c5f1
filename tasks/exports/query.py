"""The SELECT of an export. Values enter it as literals that psycopg quotes: COPY takes no parameters."""

from collections.abc import Sequence
from typing import Any

from psycopg import sql

from events.exports import ContactFilter, ExportFormat
from tasks.exports.columns import ExportColumn

TAG_SEPARATOR = ";"
"""Between the tags of a CSV cell; the importer splits at it."""


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
    return _text(
        sql.SQL("SELECT {} FROM app.contact WHERE {}").format(
            select, sql.SQL(" AND ").join(_where(workspace_id, where))
        )
    )


def custom_fields(workspace_id: str) -> str:
    """Every custom field that a contact of the workspace has."""
    return _text(
        sql.SQL(
            "SELECT field FROM (SELECT DISTINCT jsonb_object_keys(custom) AS field FROM app.contact"
            " WHERE workspace_id = {}) AS fields ORDER BY field"
        ).format(_literal(workspace_id))
    )


def missing_fields(workspace_id: str, fields: Sequence[str]) -> str:
    """Those of the custom fields that no contact of the workspace has."""
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
