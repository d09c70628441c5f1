"""An outage is told once with its cure, reminded of ever less often, and its end is told with its length."""

import logging

import httpx
import psycopg
import pytest
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy.exc import InternalError, OperationalError

from groundwork.blocks.cures import cure_of
from groundwork.blocks.outages import LONGEST_PAUSE, Outages
from groundwork.blocks.retry import database_went_away


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outages(clock: Clock, caplog: pytest.LogCaptureFixture) -> Outages:
    caplog.set_level(logging.INFO)
    return Outages(logging.getLogger("test.outages"), clock)


SILENCE = httpx.ConnectError("connection refused")


def test_a_failure_is_told_once_however_often_it_is_tried_again(outages, clock, caplog):
    for _ in range(20):
        outages.failed("sweeping", SILENCE)
        clock.seconds += 1
    assert [record.getMessage().count("does not answer") for record in caplog.records] == [1]


def test_pauses_grow_with_the_outage_up_to_half_a_minute(outages, clock):
    pauses = []
    for seconds in (0, 4, 16, 60, 1_000):
        clock.seconds = seconds
        pauses.append(outages.failed("sweeping", SILENCE))
    assert pauses == [1, 1, 4, 15, LONGEST_PAUSE]


def test_an_outage_that_lasts_is_reminded_of_with_growing_pauses(outages, clock, caplog):
    for clock.seconds in range(0, 3_600, 10):
        outages.failed("sweeping", SILENCE)
    reminders = [record for record in caplog.records if record.getMessage().startswith("for ")]
    assert 5 <= len(reminders) <= 10


def test_the_end_is_told_when_all_that_failed_works_again(outages, clock, caplog):
    outages.failed("sweeping", SILENCE)
    outages.failed("posting events", SILENCE)
    clock.seconds = 12
    outages.worked("sweeping")
    assert "back" not in caplog.text
    outages.worked("posting events")
    assert "Prefect is back after 12 s (2 tries failed)." in caplog.text
    outages.worked("sweeping")
    assert caplog.text.count("back") == 1


def test_an_error_that_nobody_has_foreseen_is_told_with_its_traceback(outages, caplog):
    with outages.watching("sweeping") as trial:
        raise KeyError("colour")
    assert isinstance(trial.error, KeyError)
    assert "sweeping failed: KeyError: 'colour'" in caplog.text
    assert "Traceback" in caplog.text


def answered(status: int, body: str = "") -> httpx.HTTPStatusError:
    request = httpx.Request("POST", "http://ada:secret@prefect.example/api/events")
    return PrefectHTTPStatusError(
        "refused", request=request, response=httpx.Response(status, text=body, request=request)
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (answered(401), "PREFECT_API_AUTH_STRING"),
        (answered(403), "PREFECT_API_AUTH_STRING"),
        (ObjectNotFound(answered(404)), "groundwork deploy"),
        (answered(429), "less often"),
        (answered(500, "oh no"), "answers 500 oh no to POST /api/events"),
        (ExceptionGroup("tasks", [answered(500)]), "answers 500"),
        (OperationalError("", {}, psycopg.errors.DiskFull("no space left on device")), "disk is full"),
        (OperationalError("", {}, psycopg.errors.TooManyConnections("sorry")), "max_connections"),
        (InternalError("", {}, psycopg.errors.ReadOnlySqlTransaction("cannot execute")), "takes no writes"),
        (psycopg.OperationalError("connection refused"), "groundwork up"),
        (psycopg.errors.UndefinedTable("no relation"), "groundwork deploy"),
        (psycopg.errors.InvalidPassword("wrong"), "GROUNDWORK_DATABASE_URL"),
    ],
)
def test_an_error_is_told_with_what_to_do(error: Exception, words: str):
    assert words in cure_of(error, "sweeping").text


def test_what_the_url_of_prefect_keeps_secret_is_in_no_message():
    with temporary_settings({PREFECT_API_URL: "http://ada:secret@prefect.example:4200/api"}):
        for error in (SILENCE, answered(401), answered(500)):
            text = cure_of(error, "sweeping").text
            assert "prefect.example:4200" in text
            assert "secret" not in text


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (psycopg.errors.ReadOnlySqlTransaction, True),
        (psycopg.errors.DiskFull, True),
        (psycopg.errors.AdminShutdown, True),
        (psycopg.errors.UndefinedTable, False),
        (psycopg.errors.UniqueViolation, False),
    ],
)
def test_a_database_that_cannot_write_is_away_and_one_that_refuses_a_statement_is_not(error, away: bool):
    assert database_went_away(InternalError("", {}, error("…"))) is away
