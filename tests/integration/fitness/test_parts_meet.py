"""What one part of the application makes reaches the next: readings are checked for risks, scores and alerts pushed."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.process_cache import forget
from groundwork.events.fitness.sync import ReadingsFileUploaded
from groundwork.events.inbox import send
from groundwork.tasks.fitness.pushes.endpoint import remove_endpoint, set_endpoint
from groundwork.tasks.fitness.readings.reading import Reading
from groundwork.tasks.fitness.readings.store import write_readings
from groundwork.tasks.fitness.risks.thresholds import Threshold, set_threshold
from tests.integration.fitness.feed.receiver import Dashboard, dashboard
from tests.integration.fitness.gyms import ACME, open_gym
from tests.integration.fitness.running import drain, register_fitness_jobs
from tests.integration.fitness.scores.logging_members import log, results_of, spike, workout
from tests.integration.mailing import empty_outbox
from tests.unit.fitness.test_files import HEADER

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def jobs(db, prefect_api, home) -> None:
    register_fitness_jobs(db)
    empty_outbox(home)


@pytest.fixture
def endpoint(db, monkeypatch) -> Iterator[Dashboard]:
    """A dashboard that is the endpoint of acme, with ada and ben as members."""
    monkeypatch.setenv("GROUNDWORK_PUSH_PRIVATE_ADDRESSES", "true")
    monkeypatch.setenv("GROUNDWORK_WEARABLE_TOKEN_KEYS", base64.b64encode(bytes(32)).decode())
    forget()
    open_gym(db, "ada", "ben")
    with dashboard() as it:
        with db.transaction() as connection:
            it.secret = set_endpoint(connection, ACME, it.url)
        yield it
    monkeypatch.undo()
    forget()


def checked(db) -> list[list[str] | None]:
    """Members of each check for risks that is wanted; None: all of the workspace."""
    query = "SELECT data -> 'memberIds' FROM groundwork.event WHERE name = 'platform/scoring.check-risk' ORDER BY id"
    with db.transaction() as connection:
        return list(connection.execute(text(query)).scalars())


def write(db, *readings: tuple[str, str, float]) -> None:
    rows = [
        Reading(member, "oura", metric, "night", NOON, NOON, NOON.date(), value) for member, metric, value in readings
    ]
    with db.transaction() as connection:
        write_readings(connection, ACME, rows)


class TestReadings:
    def test_members_whose_sleep_or_hrv_has_changed_are_checked_and_no_others(self, db):
        open_gym(db, "ada", "ben", "cleo")
        write(
            db,
            ("ada", "sleep_seconds", 25_000),
            ("ben", "hrv_rmssd", 40),
            ("cleo", "steps", 900),
            ("eve", "hrv_rmssd", 9),
        )
        assert checked(db) == [["ada", "ben"]]
        assert results_of(drain(), "detect-risk") == [None]

    def test_what_was_there_already_is_not_checked_again(self, db):
        open_gym(db, "ada")
        for _ in range(2):
            write(db, ("ada", "hrv_rmssd", 40))
        assert checked(db) == [["ada"]]

    @pytest.mark.parametrize(("member", "wanted"), [("ada", [None]), ("stranger", [])])
    def test_after_a_file_that_has_changed_something_all_are_checked(self, db, member, wanted):
        open_gym(db, "ada")
        with blob_store().write("workspaces/acme/day.csv") as sink:
            sink.write(f"{HEADER}{member},watch,hrv_rmssd,40,2026-11-20T07:12:00Z,,,,,\n".encode())
        send(ReadingsFileUploaded(workspace_id=ACME, blob="workspaces/acme/day.csv", format="csv"))
        done = [job for job, _ in drain()]
        assert done == ["import-readings", "detect-risk"][: 1 + len(wanted)]
        assert checked(db) == wanted

    def test_a_file_of_short_nights_ends_as_an_alert(self, db):
        open_gym(db, "ada")
        with db.transaction() as connection:
            set_threshold(connection, ACME, Threshold("sleep-debt", 30.0, 20.0, 7))
        nights = [datetime.now(UTC).date() - timedelta(days=ago) for ago in range(40)]
        short = [
            f"ada,watch,sleep_seconds,{28_800 if ago > 14 else 18_000},{night}T07:00:00Z,,,,,\n"
            for ago, night in enumerate(nights)
        ]
        with blob_store().write("workspaces/acme/nights.csv") as sink:
            sink.write((HEADER + "".join(short)).encode())
        send(ReadingsFileUploaded(workspace_id=ACME, blob="workspaces/acme/nights.csv", format="csv"))
        assert "alert-injury-risk" in [job for job, _ in drain()]


class TestPushes:
    def test_new_scores_and_an_alert_reach_the_endpoint(self, db, endpoint):
        spike(db)
        log(db, workout(100, 2, member="ben"))
        drain()
        kinds = [(document["type"], document["data"]["memberId"]) for _, document in endpoint.got]
        assert sorted(kinds) == [("fitness.alert", "ada"), ("fitness.score", "ada"), ("fitness.score", "ben")]
        [score] = [each["data"] for _, each in endpoint.got if each["data"]["memberId"] == "ben"]
        assert score["weekLoad"] == 300
        [alert] = [each["data"] for _, each in endpoint.got if each["type"] == "fitness.alert"]
        assert (alert["alert"], alert["kind"]) == ("platform/alerts.injury-risk-detected", "load-spike")
        assert alert["evidence"][0]["limit"] == 1.5

    def test_without_an_endpoint_no_push_is_wanted(self, db, endpoint):
        with db.transaction() as connection:
            remove_endpoint(connection, ACME)
        spike(db)
        assert "push-external" not in [job for job, _ in drain()]
