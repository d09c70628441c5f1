"""The example of ``docs/light-runs.md`` runs as it stands there, and ends as it says."""

import re
from pathlib import Path
from typing import Any

import pytest

from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.jobs import register_job
from groundwork.flows.job import flow_of, job
from groundwork.flows.registry import jobs
from groundwork.tasks.step import step
from groundwork.testing.light import light_runs
from tests.factories import delivery_of, scalar

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "light-runs.md").read_text()

pytestmark = pytest.mark.usefixtures("prefect_api", "own_jobs")


def test_the_example_ends_as_the_page_says(db):
    [(code, outcome)] = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)\n```", PAGE, re.S)
    defined, sent = re.fullmatch(r"(.*\n)(send\(.*)", code, re.S).groups()
    namespace: dict[str, Any] = {each.__name__: each for each in (Event, job, send, step)}
    namespace |= {"ACME": WorkspaceId("acme"), "__name__": "docs"}
    exec(compile(defined, "docs/light-runs.md", "exec"), namespace)
    spec = jobs()["score-lead"]
    assert spec.options.light
    with db.transaction() as connection:
        register_job(connection, spec.registration)
    event_id = eval(sent, namespace)
    admit(capacity=1)
    with light_runs():
        flow_of(spec.name)(delivery_id=delivery_of(db, event_id).id)
    delivery = delivery_of(db, event_id)
    assert f"{delivery.state} {delivery.result}".split() == outcome.split()
    assert scalar(db, "SELECT count(*) FROM groundwork.step_execution") == 2
