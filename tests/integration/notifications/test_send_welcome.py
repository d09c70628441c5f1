"""The welcome mail with Prefect's real engine: at most one for each user, for ever."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from groundwork.blocks.errors import NonRetriable, RecipientRefused
from groundwork.events.contacts.users import UserSignedUp
from groundwork.events.identifiers import WorkspaceId
from groundwork.flows.contacts.send_welcome import send_welcome
from tests.factories import delivery_of
from tests.integration.mailing import add_user, mails

pytestmark = pytest.mark.usefixtures("prefect_api")


def replay(db, delivery) -> None:
    with db.transaction() as connection:
        connection.execute(
            text("UPDATE groundwork.delivery SET state = 'admitted' WHERE id = :id"), {"id": delivery.id}
        )


def test_a_new_user_is_welcomed(db, signed_up, outbox):
    add_user(db, "ada")
    assert send_welcome(delivery_id=signed_up().id) == {"sent": True}
    [message] = mails(outbox)
    assert (message["To"], message["Subject"]) == ("Ada <ada@example.com>", "Welcome, Ada")


def test_a_second_event_sends_nothing_and_says_why(db, signed_up, outbox):
    add_user(db, "ada")
    first = signed_up()
    send_welcome(delivery_id=first.id)
    result = send_welcome(delivery_id=signed_up(workspace="globex").id)
    assert result == {"sent": False, "reason": f"the welcome mail of this user is that of delivery {first.id}"}
    assert len(mails(outbox)) == 1


def test_a_replay_sends_nothing_again(db, signed_up, postmaster):
    add_user(db, "ada")
    delivery = signed_up()
    send_welcome(delivery_id=delivery.id)
    replay(db, delivery)
    assert send_welcome(delivery_id=delivery.id) == {"sent": True}
    assert len(postmaster.received) == 1


def test_of_four_at_once_one_sends(db, signed_up, postmaster):
    add_user(db, "ada")
    deliveries = [signed_up() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(copy_context().run, send_welcome, delivery_id=each.id) for each in deliveries]
        assert sorted(run.result()["sent"] for run in runs) == [False, False, False, True]
    assert len(postmaster.received) == 1


def test_a_user_who_is_deleted_and_comes_back_is_not_welcomed_again(db, signed_up, postmaster):
    add_user(db, "ada")
    send_welcome(delivery_id=signed_up().id)
    with db.transaction() as connection:
        connection.execute(text("DELETE FROM app.app_user"))
    add_user(db, "ada", email="other@example.com")
    assert send_welcome(delivery_id=signed_up().id)["sent"] is False
    assert len(postmaster.received) == 1


def test_a_user_who_is_not_stored_yet_is_welcomed_by_a_replay(db, signed_up, postmaster):
    delivery = signed_up("ada")
    with pytest.raises(NonRetriable, match=r"There is no user ada\. Store the user before sending"):
        send_welcome(delivery_id=delivery.id)
    add_user(db, "ada")
    replay(db, delivery)
    assert send_welcome(delivery_id=delivery.id) == {"sent": True}


def test_a_recipient_refused_for_good_is_a_dead_letter_and_keeps_the_mail_for_its_replay(db, signed_up, postmaster):
    add_user(db, "ada")
    postmaster.refusals["ada@example.com"] = "550 No such user"
    delivery = signed_up()
    with pytest.raises(RecipientRefused):
        send_welcome(delivery_id=delivery.id)
    assert delivery_of(db, delivery.event_id).state == "failed"
    assert send_welcome(delivery_id=signed_up().id)["sent"] is False
    postmaster.refusals.clear()
    replay(db, delivery)
    assert send_welcome(delivery_id=delivery.id) == {"sent": True}
    assert postmaster.recipients == ["ada@example.com"]


def test_a_server_that_puts_the_mail_off_is_asked_again(db, signed_up, postmaster):
    add_user(db, "ada")
    postmaster.put_off["ada@example.com"] = 1
    assert send_welcome(delivery_id=signed_up().id) == {"sent": True}
    assert len(postmaster.received) == 1


def test_the_user_is_looked_up_by_their_own_id_and_never_by_the_workspaces(db, signed_up, outbox):
    add_user(db, "acme", email="namesake@example.com")
    with pytest.raises(NonRetriable, match="no user ada"):
        send_welcome(delivery_id=signed_up("ada", workspace="acme").id)
    assert mails(outbox) == []


def test_a_workspace_does_not_pass_for_the_user_who_signed_up():
    with pytest.raises(ValidationError, match="a UserId is wanted"):
        UserSignedUp(workspace_id=WorkspaceId("acme"), user_id=WorkspaceId("acme"))
