"""The job on ``docs/nurture.md`` runs as it stands there, and ends as the page says."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from groundwork.blocks.process_cache import forget
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.jobs import register_job
from groundwork.events.nurture.leads import HotLeadDetected, Reason
from groundwork.flows.job import flow_of
from groundwork.flows.registry import jobs
from groundwork.tasks.nurture.webhooks.signing import webhook_secrets
from tests.factories import delivery_of
from tests.integration.mailing import add_user
from tests.integration.nurture.agencies import ACME, add_agency, sent_events
from tests.integration.nurture.leads.receiver import Receiver, receiving

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "nurture.md").read_text()
CODE, RESULT = re.search(
    r"```python\n(# flows/nurture/prepare_call\.py\n.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL
).groups()

pytestmark = pytest.mark.usefixtures("own_jobs")


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROUNDWORK_WEBHOOK_PRIVATE", "true")
    forget()
    with receiving() as receiver:
        yield receiver
    monkeypatch.undo()
    forget()


def run(db, webhook: Receiver) -> Any:
    """The delivery of a hot lead to the job of the page."""
    exec(compile(CODE, "<docs/nurture.md>", "exec"), {"__name__": "docs_nurture"})
    add_agency(db, webhook_url=webhook.url)
    add_user(db, "grace")
    with db.transaction() as connection:
        register_job(connection, jobs()["prepare-call"].registration)
    now = datetime.now(UTC)
    reasons = (
        Reason(kind="valuation-request", count=1, points=50, last_at=now),
        Reason(kind="reply", count=1, points=20, last_at=now),
    )
    event_id = send(
        HotLeadDetected(
            workspace_id=ACME, contact_id="c1", crossing=1, score=70, threshold=60, reasons=reasons, detected_at=now
        )
    )
    [admitted] = admit(100)
    flow_of(admitted.job)(delivery_id=admitted.id, return_state=True)
    return delivery_of(db, event_id)


def test_it_ends_as_the_page_says_without_a_key(db, prefect_api, webhook):
    delivery = run(db, webhook)
    assert (delivery.state, delivery.result) == ("done", json.loads(RESULT)), delivery.last_error
    [call] = webhook.calls
    told = call.verified(webhook_secrets(ACME, 1)[0])
    assert told == {"type": "call.prepared", "data": json.loads(RESULT)}
    assert [each["reason"] for each in sent_events(db, "crm/sync.push")] == ["score"]


def test_with_a_key_the_model_writes_the_note(db, prefect_api, model, webhook):
    model.otherwise = {"text": "She has asked for a valuation. Offer her two dates."}
    assert run(db, webhook).result["note"] == "She has asked for a valuation. Offer her two dates."
    assert model.calls == 1


def test_it_has_thirty_lines():
    """Beside its imports and what is empty."""
    lines = [each for each in CODE.splitlines() if each.strip() and not each.startswith(("from ", "#", '"""'))]
    assert len(lines) <= 30
