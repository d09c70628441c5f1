"""Small builders that tests share."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.contacts.exports import CsvExportConfirmed
from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.events.identifiers import UserId, WorkspaceId


def csv_import_confirmed(import_id: str = "import-1", workspace: str = "acme", user: str = "ada") -> CsvImportConfirmed:
    return CsvImportConfirmed(import_id=import_id, workspace_id=WorkspaceId(workspace), user_id=UserId(user))


def csv_export_confirmed(
    export_id: str = "export-1", workspace: str = "acme", user: str = "ada", **fields: Any
) -> CsvExportConfirmed:
    """From its wire form: further fields are camelCase."""
    ids = {"exportId": export_id, "workspaceId": workspace, "userId": user}
    return CsvExportConfirmed.model_validate(ids | fields)


def register_job(
    db: Database,
    name: str = "process-csv",
    event_name: str = "import/csv.confirmed",
    *,
    lane: int = 1,
    **columns: object,
) -> None:
    row = {"name": name, "event_name": event_name, "lane_limit": lane, **columns}
    names = ", ".join(row)
    binds = ", ".join(f":{column}" for column in row)
    with db.transaction() as connection:
        connection.execute(text(f"INSERT INTO groundwork.job ({names}) VALUES ({binds})"), row)


def delivery_of(db: Database, event_id: UUID):
    with db.transaction() as connection:
        return connection.execute(
            text("SELECT * FROM groundwork.delivery WHERE event_id = :id"), {"id": event_id}
        ).one()


def scalar(db: Database, sql: str, **parameters: object):
    with db.transaction() as connection:
        return connection.execute(text(sql), parameters).scalar()


def flow_run_id() -> UUID:
    return uuid4()
