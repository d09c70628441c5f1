"""A mail server that refuses this installation: the operators hear of it at once, once, and when it is over."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect import get_client
from sqlalchemy import insert, text

from groundwork.blocks.database import Database
from groundwork.blocks.errors import MailSetupRefused, MailTemporarilyRefused, PutOff, Suspended
from groundwork.blocks.schema.contacts import contact
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.relay.blockages import post_blockages
from groundwork.events.contacts.digests import WeeklyDigestDue
from groundwork.events.contacts.users import UserSignedUp
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import Attempt, claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.blockages import Begun, Over, look_for_blockage
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.clock import advance
from groundwork.events.inbox.put_off import put_off
from groundwork.events.inbox.wait import Wait, answer_to
from groundwork.flows.contacts.send_weekly_digest import send_weekly_digest
from groundwork.flows.contacts.send_welcome import send_welcome
from groundwork.tasks.contacts.digests.week import Week
from tests.factories import csv_import_confirmed, delivery_of, flow_run_id, register_job, scalar
from tests.integration.blocks.mail_server import Postmaster
from tests.integration.mailing import add_user, by_smtp
from tests.integration.operations.feed import event_resource, events_about, related
from tests.integration.work_pools import own_work_pool
from tests.waiting import wait_until

ACME = WorkspaceId("acme")
DENIED = "554 5.7.1 <ada@example.com>: Relay access denied"
JOBS = {"send-welcome": send_welcome, "send-weekly-digest": send_weekly_digest}
TOLD, OVER = "the mail server refuses this installation", "No delivery waits any more"


@pytest.fixture
def postmaster() -> Iterator[Postmaster]:
    with by_smtp() as postmaster:
        yield postmaster


@pytest.fixture
def pool(prefect_api: dict[str, str]) -> Iterator[None]:
    with own_work_pool(WORK_POOL, "process", concurrency_limit=0):
        yield


@pytest.fixture
def log(tmp_path: Path, db: Database, prefect_api: dict[str, str], pool: None) -> Iterator[Callable[[], str]]:
    """What two relays say that look after the inbox beside each other. They start nothing: this process does."""
    file = tmp_path / "relay.log"
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow_from_name("send-welcome")
        deployment = client.create_deployment(flow_id, "send-welcome", work_pool_name=WORK_POOL)
    with file.open("a") as output:
        command = [sys.executable, "-m", "groundwork.deployments.relay"]
        relays = [subprocess.Popen(command, env=prefect_api, stderr=output) for _ in range(2)]
    yield file.read_text
    for each in relays:
        each.terminate()
    for each in relays:
        each.wait(30)
    with get_client(sync_client=True) as client:
        client.delete_deployment(deployment)


def go() -> None:
    """Run what is due."""
    for each in admit(10):
        JOBS[each.job](delivery_id=each.id, return_state=True)


def pass_an_hour(db: Database) -> None:
    with db.transaction() as connection:
        advance(connection, 4000)


def sign_up(db: Database, *users: str) -> list[Any]:
    for each in users:
        add_user(db, each)
    events = [send(UserSignedUp(workspace_id=ACME, user_id=UserId(each))) for each in users]
    go()
    return [delivery_of(db, each) for each in events]


@pytest.mark.usefixtures("undelayed")
def test_operators_hear_of_it_once_while_mail_waits_and_again_in_the_next_outage(db, prefect_api, postmaster, log):
    register_job(db, "send-welcome", "user/signed.up", lane=10)
    postmaster.refusals = dict.fromkeys(["ada@example.com", "bob@example.com"], DENIED)
    [waiting] = sign_up(db, "ada")
    assert waiting.state == "scheduled"
    wait_until(lambda: TOLD in log(), 60, what="the relay tells")
    [event] = events_about(event_resource(waiting.event_id), "groundwork.mail.refused")
    assert event["resource"]["prefect.resource.id"] == "groundwork.mail"
    assert event["payload"] == {"deliveries": 1, "delivery_id": str(waiting.id)}
    assert related(event) == {"event": event_resource(waiting.event_id)}

    sign_up(db, "bob")
    pass_an_hour(db)
    go()
    assert delivery_of(db, waiting.event_id).state == "scheduled"
    postmaster.refusals.clear()
    pass_an_hour(db)
    go()
    wait_until(lambda: OVER in log(), 60, what="the relay tells of the end")
    assert (log().count(TOLD), log().count(OVER)) == (1, 1), "once, by one of the two relays"
    assert f"1 delivery waits, as {TOLD}" in log()
    assert f"groundwork status {waiting.event_id}" in log()
    assert "example.com" not in log(), "no person's data"

    postmaster.refusals = {"cleo@example.com": DENIED}
    [waiting] = sign_up(db, "cleo")
    wait_until(lambda: log().count(TOLD) == 2, 60, what="the relay tells again")
    assert len(events_about(event_resource(waiting.event_id), "groundwork.mail.refused")) == 1


@pytest.mark.usefixtures("undelayed", "prefect_api")
def test_a_digest_that_waits_for_the_set_up_tells_of_it_too(db, postmaster):
    register_job(db, "send-weekly-digest", "digest/week.due")
    add_user(db, "ada")
    week = Week.last_complete(datetime.now(UTC))
    row = {"workspace_id": "acme", "email": "c@example.com", "created_at": week.begins_at}
    with db.transaction() as connection:
        connection.execute(insert(contact).values(updated_at=week.begins_at, **row))
    postmaster.answer_to_sender = "550 5.7.1 Sender rejected"
    event_id = send(WeeklyDigestDue(workspace_id=ACME, week=week.name))
    go()
    assert delivery_of(db, event_id).last_error.startswith("MailsNotSent")
    assert look_for_blockage("mail") == Begun(1, event_id)


class TestALook:
    @pytest.fixture(autouse=True)
    def job(self, db: Database) -> None:
        register_job(db, lane=100)

    def run(self, db: Database, event_id: Any) -> Attempt:
        admit(capacity=100)
        attempt = claim(delivery_of(db, event_id).id, Run(flow_run_id=flow_run_id()))
        assert attempt is not None
        return attempt

    def wait(self, attempt: Attempt, blockage: str | None = "mail") -> None:
        step = PutOff("mail-it", "mail-it:1", 60.0, 1)
        step.blockage = blockage
        put_off(attempt, step)

    def test_tells_each_change_to_one_who_looks(self, db):
        event_id = send(csv_import_confirmed())
        self.wait(self.run(db, event_id))
        assert [look_for_blockage("mail") for _ in range(3)] == [Begun(1, event_id), None, None]
        pass_an_hour(db)
        attempt = self.run(db, event_id)
        assert look_for_blockage("mail") is None, "it is being tried"
        attempt.settle({})
        assert isinstance(look_for_blockage("mail"), Over)
        assert look_for_blockage("mail") is None

    def test_finds_nothing_where_a_server_asks_for_patience(self, db):
        self.wait(self.run(db, send(csv_import_confirmed())), blockage=None)
        assert look_for_blockage("mail") is None

    def test_does_not_count_a_job_that_got_its_mail_out_and_waits_for_something_else(self, db):
        event_id = send(csv_import_confirmed())
        self.wait(self.run(db, event_id))
        look_for_blockage("mail")
        pass_an_hour(db)
        with pytest.raises(Suspended):
            answer_to(self.run(db, event_id), Wait(name="a week", kind="sleep", seconds=7 * 86_400))
        assert isinstance(look_for_blockage("mail"), Over)

    def test_does_not_count_one_that_is_put_off_for_another_reason_now(self, db):
        event_id = send(csv_import_confirmed())
        self.wait(self.run(db, event_id))
        pass_an_hour(db)
        self.wait(self.run(db, event_id), blockage=None)
        assert look_for_blockage("mail") is None

    @pytest.mark.usefixtures("prefect_api")
    def test_is_posted_once(self, db):
        self.wait(self.run(db, send(csv_import_confirmed())))
        look_for_blockage("mail")
        assert (post_blockages(), post_blockages()) == (1, 0)

    def test_reads_no_more_beside_thousands_that_wait_or_have_waited(self, db):
        # What further connections of the pool have read is told only when they are used again.
        db.engine.dispose()
        self.wait(self.run(db, send(csv_import_confirmed())))
        with db.transaction() as connection:
            for statement in _THOUSANDS:
                connection.execute(text(statement))
        assert look_for_blockage("mail") is not None
        assert scalar(db, "SELECT count(*) FROM groundwork.wait WHERE blockage = 'mail'") == 20_001
        for _ in range(2):  # as it lasts, and with all of it in the past
            before = _rows_read(db)
            look_for_blockage("mail")
            assert _rows_read(db) - before < 100
            with db.transaction() as connection:
                connection.execute(text("UPDATE groundwork.delivery SET state = 'done'"))
                connection.execute(text("UPDATE groundwork.wait SET due_at = due_at - interval '1 day'"))
            look_for_blockage("mail")


_THOUSANDS = (
    """
    INSERT INTO groundwork.event
    SELECT (jsonb_populate_record(event, jsonb_build_object('id', gen_random_uuid(), 'dedupe_id', n))).*
    FROM groundwork.event, generate_series(1, 20000) AS n
    """,
    """
    INSERT INTO groundwork.delivery
    SELECT (jsonb_populate_record(delivery, jsonb_build_object(
        'id', gen_random_uuid(), 'sequence', delivery.sequence + event.dedupe_id::int, 'event_id', event.id
    ))).*
    FROM groundwork.delivery, groundwork.event
    WHERE event.id <> delivery.event_id
    """,
    """
    INSERT INTO groundwork.wait (delivery_id, name, kind, workspace_id, due_at, blockage)
    SELECT delivery.id, wait.name, 'retry', 'acme', wait.due_at, 'mail'
    FROM groundwork.delivery, groundwork.wait
    WHERE delivery.id <> wait.delivery_id
    """,
    "ANALYZE groundwork.delivery",
    "ANALYZE groundwork.wait",
)


def _rows_read(db: Database) -> int:
    """Rows and index entries of both tables that were read so far."""
    with db.transaction() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
    return scalar(
        db,
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables"
        " WHERE schemaname = 'groundwork' AND relname IN ('wait', 'delivery')",
    )


def test_only_what_an_operator_has_to_mend_is_a_blockage():
    assert (MailSetupRefused().blockage, MailTemporarilyRefused().blockage) == ("mail", None)
