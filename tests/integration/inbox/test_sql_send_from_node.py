"""An application in Node sends in its own transaction, with node-postgres; where Node is installed."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from groundwork.blocks.database import Database
from tests.factories import scalar


@pytest.fixture
def account(sql_send: Database) -> Any:
    with sql_send.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE public.account (id text PRIMARY KEY)")
        connection.exec_driver_sql("GRANT INSERT ON public.account TO groundwork_sender")
    yield
    with sql_send.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE public.account")


def run(db: Database, folder: Path, *arguments: str) -> dict[str, Any]:
    url = db.engine.url
    environment = os.environ | {
        "PGHOST": str(url.query.get("host") or url.host),
        "PGPORT": str(url.query.get("port") or url.port or 5432),
        "PGUSER": url.username or "",
        "PGPASSWORD": url.password or "",
        "PGDATABASE": url.database or "",
        "PGOPTIONS": "-c role=groundwork_sender",
    }
    done = subprocess.run(
        ["node", "send-sql.mjs", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_sends_in_the_transaction_of_its_own_rows(sql_send, account, node_programs):
    found = run(sql_send, node_programs, "bob", "acme")
    assert scalar(sql_send, "SELECT id FROM groundwork.event WHERE user_id = 'bob'") == UUID(found["id"])
    assert scalar(sql_send, "SELECT count(*) FROM public.account") == 1


def test_what_is_refused_names_the_field_and_leaves_nothing(sql_send, account, node_programs):
    found = run(sql_send, node_programs, "bob", "a/b")
    assert (found["code"], found["field"]) == ("22023", "workspaceId")
    assert scalar(sql_send, "SELECT count(*) FROM groundwork.event") == 0
    assert scalar(sql_send, "SELECT count(*) FROM public.account") == 0
