"""A person turns mails off by the link in them."""

import re

import pytest

from groundwork.events.identifiers import UserId
from groundwork.notifications.unsubscribe import KINDS, Unsubscription
from tests.factories import scalar
from tests.integration.mailing import add_user

WANTS = "SELECT notify_weekly_digest FROM app.app_user WHERE id = 'ada'"


@pytest.fixture
def path(db) -> str:
    """The link of a user who gets the digest, as the gateway sees it."""
    add_user(db, "ada")
    return "/unsubscribe/" + Unsubscription(UserId("ada"), "notify_weekly_digest").url().rpartition("/")[2]


def test_a_program_that_follows_the_link_turns_nothing_off(db, client, path):
    for method in ("GET", "HEAD", "GET"):
        client.request(method, path)
    assert scalar(db, WANTS) is True


def test_the_page_asks_and_its_button_turns_the_digest_off(db, client, path):
    page = client.get(path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "stop getting the weekly digest?" in page.text
    assert re.search(r'<form method="post"><button>', page.text)
    done = client.post(path)
    assert (done.status_code, scalar(db, WANTS)) == (200, False)
    assert "You will not get the weekly digest any more" in done.text


def test_a_mail_program_turns_the_digest_off_with_one_click(db, client, path):
    answer = client.post(
        path,
        content="List-Unsubscribe=One-Click",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (answer.status_code, scalar(db, WANTS)) == (200, False)


def test_no_key_is_asked_for(client, path):
    del client.headers["Authorization"]
    assert client.post(path).status_code == 200


def test_the_other_mails_and_the_other_users_are_left_alone(db, client, path):
    add_user(db, "ben")
    client.post(path)
    assert scalar(db, "SELECT notify_on_import_complete FROM app.app_user WHERE id = 'ada'") is True
    assert scalar(db, "SELECT notify_weekly_digest FROM app.app_user WHERE id = 'ben'") is True


def test_a_second_click_and_a_user_who_is_gone_are_answered_alike(client, path):
    gone = Unsubscription(UserId("gone"), "notify_weekly_digest").url().rpartition("/")[2]
    answers = [client.post(each) for each in (path, path, f"/unsubscribe/{gone}")]
    assert {(each.status_code, each.text) for each in answers} == {(200, answers[0].text)}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_was_changed_turns_nothing_off(db, client, path, method):
    answer = client.request(method, path[:-3] + "AAA")
    assert (answer.status_code, scalar(db, WANTS)) == (404, True)
    assert "This link is not valid" in answer.text


@pytest.mark.parametrize("setting", KINDS)
def test_every_kind_of_mail_that_has_a_setting_can_be_turned_off(db, client, setting):
    add_user(db, "ada")
    token = Unsubscription(UserId("ada"), setting).url().rpartition("/")[2]
    assert KINDS[setting] in client.get(f"/unsubscribe/{token}").text
    client.post(f"/unsubscribe/{token}")
    assert scalar(db, f"SELECT {setting} FROM app.app_user WHERE id = 'ada'") is False


def test_the_page_is_kept_by_nobody_and_gives_its_address_to_nobody(client, path):
    headers = client.get(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
