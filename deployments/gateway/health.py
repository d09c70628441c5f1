"""``GET /healthz`` and ``GET /readyz``: for supervisors and load balancers, without a key."""

from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from fastapi import APIRouter
from sqlalchemy import Connection

import groundwork.blocks.migrations
from groundwork.blocks.database import database
from groundwork.blocks.process_cache import process_cache
from groundwork.deployments.gateway.refusal import Refusal

router = APIRouter()


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz() -> dict[str, str]:
    """The database answers, and its schema is the one this code was written for; else 503."""
    with database().transaction() as connection:
        found, wanted = _revision(connection), _head()
    if found != wanted:
        raise Refusal(503, f"The schema is at revision {found}, {wanted} is wanted. Run the migrations.")
    return {"status": "ready", "schema": wanted}


def _revision(connection: Connection) -> str | None:
    options = {"version_table": "migration", "version_table_schema": "groundwork"}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


@process_cache
def _head() -> str:
    head = ScriptDirectory(Path(groundwork.blocks.migrations.__file__).parent).get_current_head()
    if head is None:
        raise LookupError("the package holds no migrations")
    return head
