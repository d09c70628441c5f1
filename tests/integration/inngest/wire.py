"""What goes over the wire: events as clients write them, answers as they have to be, and what the inbox has."""

import base64
import json
import os
import time
from typing import Any

import httpx
from sqlalchemy import text

from groundwork.blocks.database import database


def user_created(email: str = "ada@example.com", workspace: str = "acme", **envelope: Any) -> dict[str, Any]:
    return {"name": "app/user.created", "data": {"workspaceId": workspace, "email": email}} | envelope


def new_seed() -> str:
    return f"{int(time.time() * 1000)},{base64.b64encode(os.urandom(10)).decode()}"


def accepted(response: httpx.Response) -> list[str]:
    """The ids of a success, which has to be exactly as clients want it."""
    assert response.status_code == 200, response.text
    answer = json.loads(response.text)
    assert set(answer) == {"ids", "status"}
    assert answer["status"] == 200
    assert type(answer["status"]) is int
    assert all(isinstance(each, str) and len(each) == 26 for each in answer["ids"])
    assert response.text.endswith("\n")
    return answer["ids"]


def refused(response: httpx.Response, status: int) -> str:
    """The error of a refusal, which has to be exactly as clients want it, or some lose events in silence."""
    assert response.status_code == status, response.text
    answer = response.json()
    assert set(answer) == {"ids", "status", "error"}
    assert answer["ids"] == []
    assert answer["status"] == status
    assert isinstance(answer["error"], str)
    assert answer["error"]
    return answer["error"]


def rows(statement: str) -> list[Any]:
    with database().transaction() as connection:
        return list(connection.execute(text(statement)).all())


def stored() -> list[Any]:
    """The events of the inbox, in the order of their ids."""
    return rows("SELECT id, name, workspace_id, data, dedupe_id, source, occurred_at FROM groundwork.event ORDER BY id")


def kept() -> list[Any]:
    """The events without a type."""
    return rows("SELECT id, name, workspace_id, document, source FROM groundwork.unknown_event ORDER BY sequence")
