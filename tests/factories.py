"""Small builders that tests share."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.contacts.exports import CsvExportConfirmed
from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import jobs, lanes, send
from groundwork.events.inbox.jobs import Registration


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
    **options: Any,
) -> None:
    """Tell the inbox of a job, as a deploy does.

    Args:
        options: further fields of its registration.
    """
    defaults = {
        "priority": 0,
        "interactive": False,
        "ordered": False,
        "max_attempts": 5,
        "batch_size": 1,
        "batch_wait_seconds": 0.0,
        "flow_control": {},
    }
    job = Registration(name=name, event_name=event_name, lane_limit=lane, **{**defaults, **options})
    with db.transaction() as connection:
        jobs.register_job(connection, job)


def send_many(db: Database, workspace: str, number: int) -> None:
    """Send that many imports of a workspace, in one transaction."""
    with db.transaction() as connection:
        for each in range(number):
            send(csv_import_confirmed(f"{workspace}-{each}", workspace), connection)


def set_lane_apart(db: Database, workspace: str, *, job: str = "process-csv", **settings: Any) -> None:
    """Give one workspace another lane, as an operator does: see :func:`groundwork.events.inbox.lanes.set_lane`."""
    with db.transaction() as connection:
        lanes.set_lane(connection, job, workspace, **settings)


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
