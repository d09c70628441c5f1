"""The examples of ``docs/flow-control.md`` run as they stand there, and end as it says."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.jobs import register_job
from groundwork.flows import flow_control
from groundwork.flows.job import job
from groundwork.flows.registry import jobs
from groundwork.tasks.step import step
from tests.waiting import wait_until

DOCS = (Path(__file__).resolve().parents[3] / "docs" / "flow-control.md").read_text()
EXAMPLES = re.findall(r"^## (.*?)\n.*?```python\n(.*?)```\n\n```text\n(.*?)```", DOCS, re.DOTALL | re.MULTILINE)

pytestmark = pytest.mark.usefixtures("prefect_api", "own_jobs")


def deploy_and_send(db: Database, code: str) -> dict[str, Any]:
    """Define the example's jobs, register them as a deploy would, and let the example send; its jobs by name."""
    namespace = {
        **vars(flow_control),
        **{each.__name__: each for each in (Event, datetime, job, send, step, timedelta)},
        "ACME": WorkspaceId("acme"),
        "UTC": UTC,
        "__name__": "docs",
    }
    sends_at = re.search(r"^(send\(|for )", code, re.MULTILINE).start()
    known = set(jobs())
    exec(compile(code[:sends_at], "docs/flow-control.md", "exec"), namespace)
    names = set(jobs()) - known
    with db.transaction() as connection:
        for name in names:
            register_job(connection, jobs()[name].registration)
    exec(compile(code[sends_at:], "docs/flow-control.md", "exec"), namespace)
    return {name: namespace[name.replace("-", "_")] for name in names}


def run_all(db: Database, example: dict[str, Any]) -> list[str]:
    """Admit and run until every delivery has ended; how each did, in order of acceptance."""

    def ended() -> list[str] | None:
        for admitted in admit(capacity=10):
            example[admitted.job](delivery_id=admitted.id, return_state=True)
        with db.transaction() as connection:
            rows = connection.execute(text("SELECT * FROM groundwork.delivery ORDER BY sequence")).all()
        if any(row.settled_at is None for row in rows):
            return None
        return [f"{row.state:9} {row.last_error or row.result}" for row in rows]

    return wait_until(ended, 60, "every delivery of the example to end")


@pytest.mark.parametrize(("code", "outcome"), [each[1:] for each in EXAMPLES], ids=[each[0] for each in EXAMPLES])
def test_an_example_ends_as_the_page_says(db, code, outcome):
    ended = run_all(db, deploy_and_send(db, code))
    expected = [re.escape(line).replace("…", ".*") for line in outcome.splitlines()]
    assert len(ended) == len(expected)
    for line, pattern in zip(ended, expected, strict=True):
        assert re.fullmatch(pattern, line), line


def test_there_is_an_example_of_each_option():
    for option in (
        "batch=Batch(size=100), debounce=Debounce(",
        "Batch(",
        "Debounce(",
        "Throttle(",
        "RateLimit(",
        "Lane(",
        "Pool(",
        "priority_field=",
        "free_on_failure=",
        "expires=",
        "Idempotency(",
        "Singleton(",
        "CancelOn(",
        "ordered=",
    ):
        assert any(option in code for _, code, _ in EXAMPLES), option
