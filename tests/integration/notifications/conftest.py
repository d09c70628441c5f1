"""Fixtures of the notifications' integration tests."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from groundwork.events.contacts.users import UserSignedUp
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import Attempt, claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from tests.factories import csv_import_confirmed, delivery_of, register_job
from tests.integration.blocks.mail_server import Postmaster
from tests.integration.mailing import add_user, by_smtp, empty_outbox


@pytest.fixture
def outbox(home: Path) -> Path:
    return empty_outbox(home)


@pytest.fixture
def postmaster() -> Iterator[Postmaster]:
    with by_smtp() as postmaster:
        yield postmaster


@pytest.fixture
def attempt(db) -> Iterator[Attempt]:
    """A delivery at work, with two users to tell."""
    register_job(db)
    add_user(db, "ann")
    add_user(db, "bob")
    event_id = send(csv_import_confirmed())
    admit(capacity=10)
    attempt = claim(delivery_of(db, event_id).id, Run(flow_run_id=uuid4()))
    assert attempt is not None
    with attempt.as_current():
        yield attempt


@pytest.fixture
def signed_up(db):
    """Sends that a user signed up; gives the delivery."""
    register_job(db, "send-welcome", "user/signed.up", lane=5)

    def send_it(user: str = "ada", workspace: str = "acme"):
        event_id = send(UserSignedUp(workspace_id=WorkspaceId(workspace), user_id=UserId(user)))
        admit(capacity=10)
        return delivery_of(db, event_id)

    return send_it
