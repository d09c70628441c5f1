"""The source that docs/webhooks-in.md prints works as it stands."""

import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from groundwork.events.webhooks import Delivery, Incoming, Source, Told

PAGE = Path(__file__).parents[3] / "docs" / "webhooks-in.md"


@pytest.fixture(scope="module")
def printed() -> Source:
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "shop.hooks"}
    exec(compile(program, str(PAGE), "exec"), names)
    [source] = names["sources"]
    return source


def test_a_message_of_stripe_is_proved_by_the_setting_and_mapped(printed: Source, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROUNDWORK_STRIPE_WEBHOOK_SECRET", "whsec_new,whsec_old")
    created = 1764028800
    invoice = {"id": "in_1", "amount_paid": 4200, "metadata": {"workspaceId": "acme"}}
    value = {"id": "evt_1", "type": "invoice.paid", "created": created, "data": {"object": invoice}}
    body = json.dumps(value).encode()
    signature = hmac.digest(b"whsec_old", f"{created}.".encode() + body, hashlib.sha256).hex()
    request = Incoming("POST", "", {"stripe-signature": f"t={created},v1={signature}"}, body)
    printed.proof.check(request, printed.secrets(), created)
    now = datetime.now(UTC)
    [told] = printed.read(Delivery(value, body, {}, None, None, now))
    assert isinstance(told, Told)
    event = told.event.model_validate({"workspace_id": told.account, **told.values})
    assert event.wire() == {"workspaceId": "acme", "invoiceId": "in_1", "cents": 4200}
    assert told.at == datetime(2025, 11, 25, tzinfo=UTC)


def test_without_its_setting_the_source_has_no_secret(printed: Source, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("GROUNDWORK_STRIPE_WEBHOOK_SECRET", raising=False)
    assert printed.secrets() == []
