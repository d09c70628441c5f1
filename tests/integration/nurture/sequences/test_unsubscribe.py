"""A contact ends the mails to it by the link in them."""

import pytest
from fastapi.testclient import TestClient

from groundwork.deployments.gateway.app import create_app
from groundwork.tasks.nurture.contacts.end_of_mails import unsubscribe_url
from tests.integration.nurture.agencies import ACME, OTHER, contact, give, rows, sent_events


@pytest.fixture
def client(db) -> TestClient:
    return TestClient(create_app())


@pytest.fixture
def path(db) -> str:
    """The link of a contact, as the gateway sees it; another workspace has a contact of the same id."""
    give(db, contact())
    give(db, contact("c-1", OTHER))
    return "/nurture/unsubscribe/" + unsubscribe_url(ACME, "c-1").rpartition("/")[2]


def ended(db) -> list[str]:
    return [each["workspace_id"] for each in rows(db, "contact") if each["unsubscribed_at"]]


def test_a_program_that_follows_the_link_ends_nothing(db, client, path):
    page = client.get(path)
    assert (page.status_code, ended(db)) == (200, [])
    assert "<form method=" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"


def test_one_click_ends_the_mails_and_tells_so_once(db, client, path):
    for _ in range(2):
        answer = client.post(path, content="List-Unsubscribe=One-Click")
        assert answer.status_code == 200
        assert "You will get no more mails" in answer.text
    assert ended(db) == ["acme"]
    assert sent_events(db, "nurture/contact.unsubscribed") == [{"workspaceId": "acme", "contactId": "c-1"}]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["", "x", "a.b", "cut"])
def test_a_link_that_we_have_not_signed_ends_nothing(db, client, path, method, token):
    changed = path[:-3] + "AAA" if token == "cut" else f"/nurture/unsubscribe/{token}"
    assert client.request(method, changed).status_code == 404
    assert ended(db) == []


def test_a_contact_who_is_gone_is_answered_like_any_other(db, client):
    token = unsubscribe_url(ACME, "gone").rpartition("/")[2]
    assert client.post(f"/nurture/unsubscribe/{token}").status_code == 200
