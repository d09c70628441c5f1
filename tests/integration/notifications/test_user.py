"""Notifications to users in the real database, into a real outbox."""

import logging
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Connection, insert

from blocks.mailer import Mailer
from blocks.schema import app_user
from events.identifiers import UserId, WorkspaceId
from notifications.user import notify_user

DELIVERY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
VALUES = {"filename": "contacts.csv", "error": "no e-mail column", "imported": 0}


@pytest.fixture
def outbox(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    box = Mailer()
    monkeypatch.setattr("notifications.user.mailer", lambda: box)
    folder = home / "outbox"
    for mail in folder.glob("*.eml"):
        mail.unlink()
    return folder


@pytest.fixture
def connection(db) -> Iterator[Connection]:
    with db.transaction() as connection:
        yield connection


def user(connection: Connection, **columns: object) -> None:
    connection.execute(
        insert(app_user).values(
            **{"id": "u1", "workspace_id": "w1", "email": "ann@example.com", "name": "Ann"} | columns
        )
    )


def notify(connection: Connection, user_id: UserId, delivery: UUID = DELIVERY) -> bool:
    return notify_user(
        connection, user_id, "import_failed", VALUES, setting="notify_on_import_complete", delivery_id=delivery
    )


def test_a_user_gets_the_notification(connection, outbox):
    user(connection)
    assert notify(connection, UserId("u1")) is True
    [mail] = outbox.glob("*.eml")
    message = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert message["To"] == "Ann <ann@example.com>"
    assert message["Subject"] == "Import failed: contacts.csv"


def test_a_repeat_is_the_same_message_and_another_delivery_is_another(connection, outbox):
    user(connection)
    notify(connection, UserId("u1"))
    notify(connection, UserId("u1"))
    assert len(list(outbox.glob("*.eml"))) == 1
    notify(connection, UserId("u1"), UUID(int=7))
    assert len(list(outbox.glob("*.eml"))) == 2


def test_a_user_who_turned_it_off_gets_nothing(connection, outbox):
    user(connection, notify_on_import_complete=False)
    assert notify(connection, UserId("u1")) is False
    assert list(outbox.glob("*.eml")) == []


def test_another_setting_has_no_say(connection, outbox):
    user(connection, notify_on_export_complete=False)
    assert notify(connection, UserId("u1")) is True


def test_an_unknown_user_is_logged_and_nothing_is_sent(connection, outbox, caplog):
    with caplog.at_level(logging.WARNING):
        assert notify(connection, UserId("nobody")) is False
    assert "no user nobody" in caplog.text
    assert list(outbox.glob("*.eml")) == []


@pytest.mark.parametrize("wrong", [WorkspaceId("same"), "same"])
def test_a_workspace_never_passes_for_a_user(connection, outbox, wrong):
    user(connection, id="same", workspace_id="same")
    with pytest.raises(TypeError, match="a UserId is wanted"):
        notify(connection, wrong)
    assert list(outbox.glob("*.eml")) == []
