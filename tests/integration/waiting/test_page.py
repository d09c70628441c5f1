"""The example of ``docs/waiting.md`` runs as it stands there, and ends as it says."""

import json
import re
from datetime import timedelta
from pathlib import Path

from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.jobs import register_job
from groundwork.flows.job import job
from groundwork.flows.registry import jobs
from groundwork.flows.waiting import invoke, sleep, wait_for_event
from groundwork.tasks.step import step
from tests.factories import delivery_of

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "waiting.md").read_text()
ACME = WorkspaceId("acme")


def test_the_example_ends_as_the_page_says(db, go, own_jobs, pass_time):
    code, result = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL).groups()
    known = (Event, invoke, job, sleep, step, timedelta, wait_for_event)
    namespace = {"__name__": "docs_waiting"} | {each.__name__: each for each in known}
    exec(compile(code, "docs/waiting.md", "exec"), namespace)
    with db.transaction() as connection:
        for name in ("look-after", "rate-contact"):
            register_job(connection, jobs()[name].registration)
    event_id = send(namespace["ContactCategorised"](workspace_id=ACME, contact_id="c1"))
    go()
    pass_time(3 * 86_400)
    go()
    send(namespace["ContactAnswered"](workspace_id=ACME, contact_id="c1", text="call me"))
    go()
    assert delivery_of(db, event_id).result == json.loads(result)
