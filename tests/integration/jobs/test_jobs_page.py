"""The examples of ``docs/jobs.md`` that send an event run as they stand there, and end as it says."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import running_attempt, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.jobs import register_job
from groundwork.flows.job import flow_of, job
from groundwork.flows.registry import jobs
from groundwork.tasks.step import step
from tests.factories import delivery_of

DOCS = (Path(__file__).resolve().parents[3] / "docs" / "jobs.md").read_text()
EXAMPLES = re.findall(
    r"^## ([^\n]*)\n(?:(?!^## ).)*?```python\n([^`]*?\nsend\([^`]*)```\n\n```text\n(.*?)\n```", DOCS, re.S | re.M
)

pytestmark = pytest.mark.usefixtures("prefect_api", "own_jobs")


def test_there_is_an_example_of_steps_side_by_side_both_ways():
    assert [heading for heading, _, _ in EXAMPLES] == ["Steps side by side", "Async jobs"]


@pytest.mark.parametrize(("code", "outcome"), [each[1:] for each in EXAMPLES], ids=[each[0] for each in EXAMPLES])
def test_an_example_ends_as_the_page_says(db, code, outcome):
    namespace: dict[str, Any] = {
        **{each.__name__: each for each in (Any, Connection, Event, job, running_attempt, send, step)},
        "ACME": WorkspaceId("acme"),
        "asyncio": asyncio,
        "__name__": "docs",
    }
    known = set(jobs())
    defined, sent = re.fullmatch(r"(.*\n)(send\(.*)", code, re.S).groups()
    exec(compile(defined, "docs/jobs.md", "exec"), namespace)
    [name] = set(jobs()) - known
    with db.transaction() as connection:
        register_job(connection, jobs()[name].registration)
    event_id = eval(sent, namespace)
    admit(capacity=1)
    flow_of(name)(delivery_id=delivery_of(db, event_id).id)
    delivery = delivery_of(db, event_id)
    assert f"{delivery.state} {delivery.result}" == outcome
