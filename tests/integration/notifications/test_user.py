"""Notifications to users in the real database, into a real outbox."""

import logging
from uuid import UUID

import pytest

from groundwork.blocks.errors import UnknownName
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.notifications.kinds import kinds
from groundwork.notifications.recipient import set_wanted, subscribers
from groundwork.notifications.unsubscribe import Unsubscription
from groundwork.notifications.user import notify_user
from tests.integration.mailing import add_user, mails

DELIVERY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
VALUES = {"filename": "contacts.csv", "error": "no e-mail column", "imported": 0}


def notify(user_id: UserId, delivery: UUID = DELIVERY) -> bool:
    return notify_user(user_id, "import_failed", VALUES, delivery_id=delivery)


def test_a_user_gets_the_notification(db, outbox):
    add_user(db, "ann")
    assert notify(UserId("ann")) is True
    [message] = mails(outbox)
    assert message["To"] == "Ann <ann@example.com>"
    assert message["Subject"] == "Import failed: contacts.csv"


def test_a_repeat_is_the_same_message_and_another_delivery_is_another(db, outbox):
    add_user(db, "ann")
    notify(UserId("ann"))
    notify(UserId("ann"))
    assert len(mails(outbox)) == 1
    notify(UserId("ann"), UUID(int=7))
    assert len(mails(outbox)) == 2


def test_a_user_who_turned_it_off_gets_nothing(db, outbox):
    add_user(db, "ann", off=["imports"])
    assert notify(UserId("ann")) is False
    assert mails(outbox) == []


def test_a_user_who_turned_it_on_again_gets_it(db, outbox):
    add_user(db, "ann", off=["imports"])
    with db.transaction() as connection:
        set_wanted(connection, UserId("ann"), "imports", True)
    assert notify(UserId("ann")) is True


def test_a_kind_that_there_is_not_is_not_turned_off_and_gets_a_suggestion(db):
    add_user(db, "ann")
    with db.transaction() as connection, pytest.raises(UnknownName, match="did you mean 'imports'"):
        set_wanted(connection, UserId("ann"), "import", False)


def test_another_kind_has_no_say(db, outbox):
    add_user(db, "ann", off=["exports", "weekly-digest"])
    assert notify(UserId("ann")) is True


def test_a_mail_that_can_be_turned_off_has_the_link_that_does_it(db, outbox):
    add_user(db, "ann")
    notify(UserId("ann"))
    [message] = mails(outbox)
    url = Unsubscription(UserId("ann"), kinds()["imports"]).url()
    assert message["List-Unsubscribe"] == f"<{url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url in message.get_body(("plain",)).get_content()
    assert url in message.get_body(("html",)).get_content()


def test_a_mail_without_a_kind_reaches_everybody_and_has_no_such_link(db, outbox):
    add_user(db, "ann", off=kinds())
    assert notify_user(UserId("ann"), "welcome", {}, delivery_id=DELIVERY) is True
    [message] = mails(outbox)
    assert message["List-Unsubscribe"] is None
    assert "unsubscribe" not in message.as_string()


def test_an_unknown_user_is_logged_and_nothing_is_sent(db, outbox, caplog):
    with caplog.at_level(logging.WARNING):
        assert notify(UserId("nobody")) is False
    assert "no user nobody" in caplog.text
    assert mails(outbox) == []


@pytest.mark.parametrize("wrong", [WorkspaceId("same"), "same"])
def test_a_workspace_never_passes_for_a_user(db, outbox, wrong):
    add_user(db, "same", workspace_id="same")
    with pytest.raises(TypeError, match="a UserId is wanted"):
        notify(wrong)
    assert mails(outbox) == []


def test_subscribers_are_the_workspaces_users_who_want_the_mail(db):
    add_user(db, "cleo")
    add_user(db, "ada")
    add_user(db, "ben", off=["weekly-digest"])
    add_user(db, "dora", workspace_id="globex")
    with db.transaction() as connection:
        assert subscribers(connection, WorkspaceId("acme"), "weekly_digest") == ["ada", "cleo"]
        assert subscribers(connection, WorkspaceId("acme"), "import_finished") == ["ada", "ben", "cleo"]
        with pytest.raises(TypeError, match="a WorkspaceId is wanted"):
            subscribers(connection, UserId("acme"), "weekly_digest")
