"""A person turns mails off by the link in them."""

import json
import re

import pytest

from groundwork.blocks.signed_link import signed_url
from groundwork.events.identifiers import UserId
from groundwork.notifications.kinds import kinds
from groundwork.notifications.unsubscribe import PURPOSE, Unsubscription
from tests.factories import scalar
from tests.integration.mailing import add_user


def link(user: str, kind: str) -> str:
    """A person's link to turn a kind off, as the gateway sees it."""
    return "/unsubscribe/" + Unsubscription(UserId(user), kinds()[kind]).url().rpartition("/")[2]


def turned_off(db) -> list[str]:
    rows = "SELECT array_agg(user_id || ' ' || kind ORDER BY 1) FROM app.notification_setting WHERE NOT wanted"
    return scalar(db, rows) or []


@pytest.fixture
def path(db) -> str:
    """The link of a user who gets the digest, as the gateway sees it."""
    add_user(db, "ada")
    return link("ada", "weekly-digest")


def test_a_program_that_follows_the_link_turns_nothing_off(db, client, path):
    for method in ("GET", "HEAD", "GET"):
        client.request(method, path)
    assert turned_off(db) == []


def test_the_page_asks_and_its_button_turns_the_digest_off(db, client, path):
    page = client.get(path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "stop getting the weekly digest?" in page.text
    assert re.search(r'<form method="post"><button>', page.text)
    done = client.post(path)
    assert (done.status_code, turned_off(db)) == (200, ["ada weekly-digest"])
    assert "You will not get the weekly digest any more" in done.text


def test_a_mail_program_turns_the_digest_off_with_one_click(db, client, path):
    answer = client.post(
        path,
        content="List-Unsubscribe=One-Click",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status_code, turned_off(db)) == (200, ["ada weekly-digest"])


def test_no_key_is_asked_for(client, path):
    del client.headers["Authorization"]
    assert client.post(path).status_code == 200


def test_the_other_mails_and_the_other_users_are_left_alone(db, client, path):
    add_user(db, "ben")
    client.post(path)
    assert turned_off(db) == ["ada weekly-digest"]


def test_a_second_click_and_a_user_who_is_gone_are_answered_alike(client, path):
    answers = [client.post(each) for each in (path, path, link("gone", "weekly-digest"))]
    assert {(each.status_code, each.text) for each in answers} == {(200, answers[0].text)}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_was_changed_turns_nothing_off(db, client, path, method):
    answer = client.request(method, path[:-3] + "AAA")
    assert (answer.status_code, turned_off(db)) == (404, [])
    assert "This link is not valid" in answer.text


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_mail_can_be_turned_off(db, client, kind):
    add_user(db, "ada")
    assert kinds()[kind].words in client.get(link("ada", kind)).text
    client.post(link("ada", kind))
    assert turned_off(db) == [f"ada {kind}"]


@pytest.mark.parametrize(
    ("held", "kind"),
    [
        ("notify_on_import_complete", "imports"),
        ("notify_on_export_complete", "exports"),
        ("notify_weekly_digest", "weekly-digest"),
    ],
)
def test_a_link_in_a_mail_from_before_the_settings_were_rows_turns_off_what_it_did(db, client, held, kind):
    add_user(db, "ada")
    token = signed_url(PURPOSE, json.dumps(["ada", held])).rpartition("/")[2]
    assert client.post(f"/unsubscribe/{token}").status_code == 200
    assert turned_off(db) == [f"ada {kind}"]


def test_the_page_is_kept_by_nobody_and_gives_its_address_to_nobody(client, path):
    headers = client.get(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
