"""An application in Node sends in its own transaction, with node-postgres and with Drizzle; where Node is installed."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from groundwork.blocks.database import Database
from tests.factories import scalar

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def account(sql_send: Database) -> Iterator[None]:
    with sql_send.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE public.account (id text PRIMARY KEY)")
        connection.exec_driver_sql("GRANT INSERT ON public.account TO groundwork_sender")
    yield
    with sql_send.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE public.account")


@pytest.fixture(params=["send-sql.mjs", "send-sql-drizzle.mjs"])
def run(request: pytest.FixtureRequest, sql_send: Database, account: None, node_programs: Path) -> Run:
    def ran(*arguments: str) -> dict[str, Any]:
        command = ["node", request.param, *arguments]
        done = subprocess.run(
            command, cwd=node_programs, env=_environment(sql_send), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ran


def _environment(db: Database) -> dict[str, str]:
    url = db.engine.url
    return os.environ | {
        "PGHOST": str(url.query.get("host") or url.host),
        "PGPORT": str(url.query.get("port") or url.port or 5432),
        "PGUSER": url.username or "",
        "PGPASSWORD": url.password or "",
        "PGDATABASE": url.database or "",
        "PGOPTIONS": "-c role=groundwork_sender",
    }


def test_it_sends_in_the_transaction_of_its_own_rows(sql_send, run):
    found = run("bob", "acme")
    assert scalar(sql_send, "SELECT id FROM groundwork.event WHERE user_id = 'bob'") == UUID(found["id"])
    assert scalar(sql_send, "SELECT count(*) FROM public.account") == 1


def test_what_is_refused_names_the_field_and_leaves_nothing(sql_send, run):
    found = run("bob", "a/b")
    assert (found["code"], found["field"]) == ("22023", "workspaceId")
    assert scalar(sql_send, "SELECT count(*) FROM groundwork.event") == 0
    assert scalar(sql_send, "SELECT count(*) FROM public.account") == 0
