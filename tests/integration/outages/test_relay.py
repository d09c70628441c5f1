"""Whatever Prefect and PostgreSQL answer, the relay goes on in its process, tells the cure once, and catches up."""

import json
import signal
import sys
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.inbox import send
from tests.factories import csv_import_confirmed, delivery_of
from tests.integration.prefect_proxy import Answer, PrefectProxy, always, prefect_proxy
from tests.integration.process import Process
from tests.waiting import wait_until

ANSWERS = {
    "500": (Answer(500), "answers 500"),
    "503 for a day": (Answer(503, headers={"Retry-After": "86400"}), "answers 503"),
    "429 for a day": (Answer(429, headers={"Retry-After": "86400"}), "asks to be called less often"),
    "401": (Answer(401, b'{"exception_message": "Unauthorized"}'), "PREFECT_API_AUTH_STRING"),
    "404": (Answer(404, b'{"detail": "Not Found"}'), "PREFECT_API_URL ends in /api"),
    "422": (Answer(422, b'{"detail": "everything is refused"}'), "everything is refused"),
    "no JSON": (Answer(200, b"<html>Welcome to the hotel's network"), "makes no sense"),
    "half an answer": (Answer(200, b'{"name": "groundwork"}', cut=True), "does not answer"),
}


@pytest.fixture(autouse=True)
def quiet(relay: Process) -> Iterator[None]:
    """No error has a traceback: each is one that somebody has foreseen."""
    relay.forget()
    yield
    assert "Traceback" not in relay.logged


def posted(db: Database, *event_ids: UUID) -> bool:
    return all(delivery_of(db, each).posted_at is not None for each in event_ids)


@pytest.mark.parametrize(("answer", "told"), ANSWERS.values(), ids=ANSWERS)
def test_the_relay_outlives_what_prefect_answers(inbox, relay, proxy: PrefectProxy, answer: Answer, told: str):
    pid = relay.pid
    with proxy.failing(always(answer)):
        event_id = send(csv_import_confirmed())
        relay.says(told)
        wait_until(lambda: proxy.answered.total() > 4, 30, "several tries")
        assert relay.logged.count(told) == 1
        assert delivery_of(inbox, event_id).state in ("queued", "admitted")
    wait_until(lambda: posted(inbox, event_id), 30, f"the delivery to be posted:\n{relay.logged}")
    relay.says("Prefect is back after")
    assert relay.pid == pid


def test_an_event_that_prefect_refuses_keeps_no_other_back_and_ends_with_its_answer(inbox, relay, proxy):
    def refuse(_: str, path: str, body: bytes) -> Answer | None:
        if path == "/api/events" and b'"poisoned"' in body:
            return Answer(422, json.dumps({"detail": "this event is a paradox"}).encode())
        return None

    with proxy.failing(refuse):
        poison = send(csv_import_confirmed("poison", "poisoned"))
        others = [send(csv_import_confirmed(f"import-{n}")) for n in range(5)]
        wait_until(lambda: posted(inbox, *others), 30, "the others to be posted")
        wait_until(lambda: delivery_of(inbox, poison).state == "failed", 30, "an end")
    assert "Prefect refuses the event of this delivery: 422" in delivery_of(inbox, poison).last_error
    assert "this event is a paradox" in delivery_of(inbox, poison).last_error


def test_an_event_that_prefect_cannot_digest_keeps_no_other_back(inbox, relay, proxy):
    with proxy.failing(lambda _, __, body: Answer(500) if b'"poisoned"' in body else None):
        poison = send(csv_import_confirmed("poison", "poisoned"))
        others = [send(csv_import_confirmed(f"import-{n}")) for n in range(5)]
        wait_until(lambda: posted(inbox, *others), 30, "the others to be posted")
    wait_until(lambda: posted(inbox, poison), 30, "the rest to be posted once it is over")


CUT_OFF = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'groundwork'"
)


def execute(db: Database, *statements: str) -> None:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for each in statements:
            connection.execute(text(each))


def test_the_relay_outlives_cut_connections(inbox, relay):
    pid, sent = relay.pid, []
    for number in range(3):
        execute(inbox, CUT_OFF)
        inbox.engine.dispose()
        sent.append(send(csv_import_confirmed(f"import-{number}")))
    wait_until(lambda: posted(inbox, *sent), 30, "the deliveries to be posted")
    assert relay.pid == pid


def test_the_relay_outlives_a_database_that_takes_no_writes(inbox, relay):
    pid = relay.pid
    execute(inbox, "ALTER DATABASE groundwork SET default_transaction_read_only = on", CUT_OFF)
    try:
        relay.says("takes no writes at present")
    finally:
        inbox.engine.dispose()
        execute(
            inbox,
            "SET default_transaction_read_only = off",
            "ALTER DATABASE groundwork RESET default_transaction_read_only",
            CUT_OFF,
        )
        inbox.engine.dispose()
    event_id = send(csv_import_confirmed())
    wait_until(lambda: posted(inbox, event_id), 60, f"the delivery to be posted:\n{relay.logged}")
    relay.says("the inbox is back after")
    assert relay.logged.count("takes no writes at present") == 1
    assert relay.pid == pid


@pytest.mark.runs_last
def test_a_relay_that_starts_while_prefect_is_away_for_a_day_says_so_and_leads_when_it_is_back(
    inbox, relay, prefect_api, tmp_path
):
    relay.end()
    with prefect_proxy(prefect_api["PREFECT_API_URL"]) as away:
        with away.failing(always(Answer(503, headers={"Retry-After": "86400"}))):
            environment = prefect_api | away.environment
            started = Process([sys.executable, "-m", "groundwork.deployments.relay"], environment, tmp_path / "log")
            started.says("answers 503")
        started.says("this relay leads", 60)
        started.end()


@pytest.mark.runs_last
def test_sigterm_ends_the_relay_while_prefect_hangs(inbox, relay, prefect_api, tmp_path):
    relay.end()
    with prefect_proxy(prefect_api["PREFECT_API_URL"]) as hanging, hanging.failing(always(Answer(hangs=True))):
        environment = prefect_api | hanging.environment
        stopped = Process([sys.executable, "-m", "groundwork.deployments.relay"], environment, tmp_path / "log")
        wait_until(hanging.answered.total, 30, "requests that hang")
        stopped.signal(signal.SIGTERM)
        assert stopped.wait(10) == 0
