"""Each agency has a webhook secret of its own, which is stored nowhere and can be changed."""

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from groundwork.blocks.process_cache import forget
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.nurture.webhooks.posting import WebhookMessage
from groundwork.tasks.nurture.webhooks.signing import signed_headers, webhook_secrets

ACME = WorkspaceId("acme")
BODY = '{"type":"lead.hot","data":{"name":"Zoë 🏡"}}'


@pytest.fixture
def secret(monkeypatch):
    def choose(*secrets: str) -> None:
        monkeypatch.setenv("GROUNDWORK_LINK_SECRET", ",".join(each * 32 for each in secrets))
        forget()

    choose("a")
    yield choose
    monkeypatch.undo()
    forget()


@pytest.mark.usefixtures("secret")
class TestOneSecret:
    def test_it_has_the_form_of_the_specification_and_stays(self):
        [only] = webhook_secrets(ACME, 1)
        assert only.startswith("whsec_")
        assert len(only) == len("whsec_") + 44
        assert webhook_secrets(ACME, 1) == [only]

    def test_that_of_another_agency_or_version_is_another(self):
        [acme], [globex] = webhook_secrets(ACME, 1), webhook_secrets(WorkspaceId("globex"), 1)
        new, old = webhook_secrets(ACME, 2)
        assert len({acme, globex, new}) == 3
        assert old == acme

    def test_a_receiver_verifies_with_the_old_secret_and_with_the_new_one(self):
        [before] = webhook_secrets(ACME, 1)
        headers = signed_headers(webhook_secrets(ACME, 2), "msg_1", datetime.now(UTC), BODY)
        for each in (before, webhook_secrets(ACME, 2)[0]):
            assert Webhook(each).verify(BODY, headers) == {"type": "lead.hot", "data": {"name": "Zoë 🏡"}}

    @pytest.mark.parametrize(
        "change", [{"body": BODY + " "}, {"webhook-id": "msg_2"}, {"webhook-timestamp": "0"}, {"other": True}]
    )
    def test_what_is_changed_on_the_way_is_not_ours(self, change):
        [secret] = webhook_secrets(WorkspaceId("globex") if "other" in change else ACME, 1)
        headers = signed_headers(webhook_secrets(ACME, 1), "msg_1", datetime.now(UTC), BODY)
        headers |= {name: value for name, value in change.items() if name.startswith("webhook-")}
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(change.get("body", BODY), headers)


def test_receivers_keep_their_secret_while_that_of_links_is_rotated(secret):
    [before] = webhook_secrets(ACME, 1)
    secret("b", "a")
    first, second = webhook_secrets(ACME, 1)
    assert second == before != first


def test_a_message_shows_neither_its_secret_nor_its_url():
    message = WebhookMessage(url="https://x.example/token", secrets=["whsec_abc"], id="m", payload={})
    assert "whsec_" not in repr(message)
    assert "token" not in repr(message)
