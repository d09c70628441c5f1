"""Webhooks that carry ids: what is fetched for them, and what providers do instead of answering."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundwork.events.fitness.sync import WearableDataReceived
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.connections.record import Linked
from groundwork.tasks.fitness.connections.tokens import access_of
from groundwork.tasks.fitness.providers import provider_named
from tests.integration.fitness.readings.conftest import World
from tests.integration.fitness.readings.provider_server import Fault, ProviderServer
from tests.integration.mailing import mails

pytestmark = pytest.mark.usefixtures("prefect_api")

NIGHT = {
    "id": "night-1",
    "day": "2026-11-20",
    "type": "long_sleep",
    "bedtime_start": "2026-11-19T23:12:00+01:00",
    "bedtime_end": "2026-11-20T07:12:00+01:00",
    "total_sleep_duration": 27000,
    "deep_sleep_duration": 5400,
    "rem_sleep_duration": 6600,
    "light_sleep_duration": 15000,
    "awake_time": 1800,
    "average_hrv": 48,
    "lowest_heart_rate": 51,
    "average_breath": 14.2,
}
NIGHT_PATH = "/v2/usercollection/sleep/night-1"


def told(
    kind: str = "updated", object_id: str = "night-1", user: str = "oura-ada", provider: str = "oura", **fields: Any
) -> WearableDataReceived:
    values = {"data_type": "sleep", "sent_at": datetime.now(UTC), **fields}
    return WearableDataReceived.model_validate(
        {"workspace_id": WorkspaceId("acme"), "provider": provider, "provider_user": user}
        | {"kind": kind, "object_id": object_id}
        | values
    )


def test_a_night_of_oura_is_fetched_and_stored_in_our_units(acme: World, oura: ProviderServer):
    oura.objects[NIGHT_PATH] = NIGHT
    ingested, fetched = acme.run(told())
    assert (ingested["job"], ingested["state"], ingested["result"]) == (
        "ingest-wearable", "done", {"fetching": "night-1"}
    )  # fmt: skip
    assert (fetched["job"], fetched["state"], fetched["result"]["stored"]) == ("fetch-wearable", "done", 8)
    assert acme.readings() == {
        "hrv_rmssd": 48, "resting_heart_rate": 51, "respiratory_rate": 14.2, "sleep_seconds": 27000,
        "sleep_deep_seconds": 5400, "sleep_rem_seconds": 6600, "sleep_light_seconds": 15000,
        "sleep_awake_seconds": 1800,
    }  # fmt: skip
    assert {str(row.day) for row in acme.rows("SELECT day FROM fitness.reading")} == {"2026-11-20"}
    assert oura.asked == [("GET", NIGHT_PATH)]


def test_a_night_and_its_recovery_of_whoop_come_scored_later_in_milliseconds(acme: World, whoop: ProviderServer):
    sleep = {
        "id": "s-1", "cycle_id": 93845, "user_id": 10129, "nap": False, "updated_at": "2026-11-20T07:00:00Z",
        "start": "2026-11-19T22:10:00Z", "end": "2026-11-20T06:12:00Z", "timezone_offset": "+01:00",
        "score_state": "PENDING_SCORE",
    }  # fmt: skip
    stages = {
        "total_light_sleep_time_milli": 14_905_851, "total_slow_wave_sleep_time_milli": 6_630_370,
        "total_rem_sleep_time_milli": 5_879_573, "total_awake_time_milli": 1_403_507,
    }  # fmt: skip
    whoop.objects["/developer/v2/activity/sleep/s-1"] = sleep
    event = told(object_id="s-1", user="10129", provider="whoop")
    acme.run(event)
    assert acme.readings() == {}
    scored = {"score_state": "SCORED", "updated_at": "2026-11-20T07:05:00Z"}
    score = {"score": {"stage_summary": stages, "respiratory_rate": 16.1}}
    whoop.objects["/developer/v2/activity/sleep/s-1"] = sleep | scored | score
    whoop.objects["/developer/v2/cycle/93845/recovery"] = {
        "cycle_id": 93845, "sleep_id": "s-1", "user_id": 10129, "score_state": "SCORED",
        "updated_at": "2026-11-20T07:06:00Z",
        "score": {"recovery_score": 44, "resting_heart_rate": 64, "hrv_rmssd_milli": 31.8, "spo2_percentage": 95.7},
    }  # fmt: skip
    recovery = told(object_id="s-1", user="10129", provider="whoop", data_type="recovery")
    acme.run(told(object_id="s-1", user="10129", provider="whoop"), recovery)
    found = acme.readings()
    assert found["sleep_seconds"] == pytest.approx(14905.851 + 6630.370 + 5879.573)
    assert (found["hrv_rmssd"], found["resting_heart_rate"], found["spo2"]) == (31.8, 64, 95.7)
    assert {str(row.day) for row in acme.rows("SELECT day FROM fitness.reading WHERE NOT deleted")} == {"2026-11-20"}


def test_a_token_that_has_expired_is_refreshed_once_however_many_ask(acme: World, oura: ProviderServer):
    oura.refresh_delay = 0.2
    with acme.db.transaction() as connection:
        connection.exec_driver_sql("UPDATE fitness.connection SET expires_at = now()")
    linked, found = Linked("acme", "ada", "oura", "oura-ada", "active", "UTC"), []

    def ask() -> None:
        found.append(access_of(linked, provider_named("oura")).token)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == ["access-2"] * 6
    assert oura.refreshes == 1


def test_a_token_that_is_refused_before_its_time_is_refreshed_and_the_night_is_stored(
    acme: World, oura: ProviderServer
):
    oura.objects[NIGHT_PATH], oura.access = NIGHT, "another"
    acme.run(told())
    assert acme.readings()["hrv_rmssd"] == 48
    assert oura.refreshes == 1


def test_a_revoked_connection_is_broken_once_and_the_owner_is_told_once(acme: World, oura: ProviderServer, outbox):
    oura.revoked = True
    acme.run(told())
    acme.run(told(object_id="night-2"))
    [mail] = mails(outbox)
    assert mail["Subject"] == "Oura has no more permission for Ada"
    assert "owner-of-acme@example.com" in str(mail["To"])
    [row] = acme.rows("SELECT state, reason FROM fitness.connection WHERE provider = 'oura'")
    assert (row.state, row.reason) == ("broken", "oura does not renew the member's permission")
    assert acme.deliveries()[-1]["result"]["ignored"].startswith("the connection is broken")
    acme.connect("ada", "oura", "oura-ada")
    oura.revoked, oura.objects[NIGHT_PATH] = False, NIGHT
    acme.run(told(sent_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert acme.readings()["hrv_rmssd"] == 48
    assert len(mails(outbox)) == 1


def test_a_wrong_secret_of_ours_breaks_nobody_s_connection(acme: World, oura: ProviderServer, monkeypatch, outbox):
    from groundwork.blocks.process_cache import forget

    monkeypatch.setenv("GROUNDWORK_OURA_CLIENT_SECRET", "mistyped")
    forget()
    oura.access = "another"
    _, fetched = acme.run(told())
    assert fetched["state"] == "failed"
    assert "GROUNDWORK_OURA_CLIENT_SECRET" in fetched["last_error"]
    assert "mistyped" not in fetched["last_error"]
    assert acme.rows("SELECT 1 FROM fitness.connection WHERE state <> 'active'") == []
    assert mails(outbox) == []


@pytest.mark.parametrize("fault", [500, 503, 429, 0], ids=["500", "503", "429", "reset"])
def test_a_fault_that_passes_costs_no_night(acme: World, oura: ProviderServer, fault: int):
    oura.objects[NIGHT_PATH] = NIGHT
    oura.faults.extend([Fault(fault)] * 2)
    acme.run(told())
    assert acme.readings()["hrv_rmssd"] == 48


def test_a_provider_that_asks_for_an_hour_gets_it_and_no_worker_waits(acme: World, oura: ProviderServer):
    oura.objects[NIGHT_PATH] = NIGHT
    oura.faults.append(Fault(429, {"Retry-After": "3600"}))
    _, waiting = acme.run(told())
    assert waiting["state"] == "scheduled"
    assert len(oura.asked) == 1
    acme.advance(3500)
    acme.drain()
    assert len(oura.asked) == 1
    acme.advance(500)
    acme.drain()
    assert acme.readings()["hrv_rmssd"] == 48


def test_whoop_s_own_header_says_how_long(acme: World, whoop: ProviderServer):
    whoop.faults.append(Fault(429, {"X-RateLimit-Reset": "1800"}))
    _, waiting = acme.run(told(object_id="s-1", user="10129", provider="whoop"))
    assert waiting["state"] == "scheduled"


def test_a_provider_that_is_away_for_a_day_is_asked_until_it_is_back(acme: World, oura: ProviderServer):
    oura.objects[NIGHT_PATH] = NIGHT
    oura.faults.extend([Fault(502)] * 25)
    acme.run(told())
    for _ in range(24):
        acme.advance(3 * 3600)
        acme.drain()
    assert acme.readings()["hrv_rmssd"] == 48


def test_an_object_that_is_gone_is_a_deletion(acme: World, oura: ProviderServer):
    oura.objects[NIGHT_PATH] = NIGHT
    acme.run(told())
    del oura.objects[NIGHT_PATH]
    acme.run(told(sent_at=datetime.now(UTC) + timedelta(seconds=2)))
    assert acme.readings() == {}
    assert len(acme.readings("deleted")) == 8


def test_a_deletion_needs_no_answer_and_stands_against_what_was_told_before(acme: World, oura: ProviderServer):
    oura.objects[NIGHT_PATH] = NIGHT
    now = datetime.now(UTC)
    acme.run(told("deleted", sent_at=now + timedelta(minutes=4)))
    acme.run(told("updated", sent_at=now))
    assert acme.readings() == {}


def test_another_person_s_object_is_not_stored(acme: World, whoop: ProviderServer):
    whoop.objects["/developer/v2/activity/sleep/s-9"] = {"id": "s-9", "user_id": 666, "score_state": "SCORED"}
    _, fetched = acme.run(told(object_id="s-9", user="10129", provider="whoop"))
    assert "another person's" in fetched["result"]["refused"][0]
    assert acme.rows("SELECT 1 FROM fitness.reading") == []


def test_impossible_values_are_refused_and_the_rest_of_the_night_is_kept(acme: World, oura: ProviderServer):
    oura.objects[NIGHT_PATH] = NIGHT | {"average_hrv": 48_000, "lowest_heart_rate": -3}
    _, fetched = acme.run(told())
    assert len(fetched["result"]["refused"]) == 2
    assert "hrv_rmssd" not in acme.readings()
    assert acme.readings()["sleep_seconds"] == 27000


def test_a_corrected_night_that_lacks_a_value_has_it_no_more(acme: World, oura: ProviderServer):
    oura.objects[NIGHT_PATH] = NIGHT
    acme.run(told())
    oura.objects[NIGHT_PATH] = NIGHT | {"average_hrv": None, "total_sleep_duration": 26000}
    acme.run(told(sent_at=datetime.now(UTC) + timedelta(seconds=2)))
    found = acme.readings()
    assert "hrv_rmssd" not in found
    assert found["sleep_seconds"] == 26000


def test_a_batch_is_one_run_and_one_fetch_and_a_member_who_is_gone_harms_nobody(
    acme: World, members, oura: ProviderServer
):
    members(*[f"m{number}" for number in range(6)])
    for number in range(6):
        acme.connect(f"m{number}", "oura", f"oura-{number}")
        oura.objects[f"/v2/usercollection/sleep/n-{number}"] = NIGHT | {"id": f"n-{number}"}
    events = [told(object_id=f"n-{number}", user=f"oura-{number}") for number in range(6)]
    ended = acme.run(*events, told(user="nobody"), events[0])
    assert [each["job"] for each in ended].count("fetch-wearable") == 1
    assert acme.rows("SELECT count(DISTINCT member_id) FROM fitness.reading")[0][0] == 6
    assert ended[6]["result"]["ignored"] == "nobody here is connected to this account of oura"
    assert len([path for _, path in oura.asked if path.endswith("/n-0")]) == 1
