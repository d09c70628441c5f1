"""Events as a sender writes them."""

import json
from typing import Any

from sqlalchemy import text

from groundwork.blocks.database import database


def event(import_id: str = "imp_1", workspace: str = "acme", **envelope: Any) -> dict[str, Any]:
    return {
        "name": "import/csv.confirmed",
        "data": {"workspaceId": workspace, "userId": "usr_1", "importId": import_id},
    } | envelope


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def someone_waits_for_a_lock() -> bool:
    with database().transaction() as connection:
        waiting = text("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')")
        return connection.execute(waiting).scalar_one()


def stored_events() -> int:
    with database().transaction() as connection:
        return connection.execute(text("SELECT count(*) FROM groundwork.event")).scalar_one()
