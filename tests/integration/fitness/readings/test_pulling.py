"""Pulling days page by page, Garmin's pushes, and Oura's subscriptions."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from groundwork.blocks.process_cache import forget
from groundwork.events.fitness.sync import ProviderPullWanted, SubscriptionsDue, WearableDataReceived
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox.clock import advance
from groundwork.events.inbox.dead_letters import dead_letters, replay
from groundwork.tasks.fitness.connections.record import Linked, connect
from groundwork.tasks.fitness.connections.sealing import SealBroken
from groundwork.tasks.fitness.connections.tokens import access_of
from groundwork.tasks.fitness.providers import provider_named
from tests.integration.fitness.readings.conftest import TOKEN_KEY, World
from tests.integration.fitness.readings.provider_server import Fault, ProviderServer
from tests.integration.fitness.readings.test_fetching import NIGHT, told
from tests.integration.mailing import mails

pytestmark = pytest.mark.usefixtures("prefect_api")

SLEEPS = "/v2/usercollection/sleep"


def wanted(provider: str = "oura", member: str = "ada", **fields: Any) -> ProviderPullWanted:
    days = {"since": date(2026, 11, 18), "until": date(2026, 11, 20)} | fields
    return ProviderPullWanted.model_validate(
        {"workspace_id": WorkspaceId("acme"), "member_id": member, "provider": provider, **days}
    )


def nights(number: int) -> list[dict[str, Any]]:
    return [NIGHT | {"id": f"n-{each}"} for each in range(number)]


def empty(provider: ProviderServer) -> None:
    for kind in ("daily_readiness", "daily_spo2", "daily_activity"):
        provider.pages[f"/v2/usercollection/{kind}"] = []


def test_every_page_of_every_kind_is_pulled(acme: World, oura: ProviderServer):
    empty(oura)
    oura.pages[SLEEPS] = nights(5)
    oura.pages["/v2/usercollection/daily_spo2"] = [
        {"id": "d-1", "day": "2026-11-20", "spo2_percentage": {"average": 97.2}}
    ]
    [ended] = acme.run(wanted())
    assert (ended["state"], ended["result"]["documents"], ended["result"]["stored"]) == ("done", 6, 41)
    assert len([path for _, path in oura.asked if path == SLEEPS]) == 3
    assert acme.readings()["spo2"] == 97.2


def test_what_was_stored_before_a_limit_is_not_asked_for_again_after_it(acme: World, oura: ProviderServer):
    empty(oura)
    oura.pages[SLEEPS] = nights(4)
    acme.run(wanted())
    first = len(oura.asked)
    oura.faults.extend([None, Fault(429, {"Retry-After": "600"})])
    [_, waiting] = acme.run(wanted(since=date(2026, 11, 17)))
    assert waiting["state"] == "scheduled"
    acme.advance(700)
    acme.drain()
    assert acme.deliveries()[-1]["state"] == "done"
    assert len(oura.asked) == 2 * first + 1


def test_whoop_s_collections_are_pulled_with_the_sleep_that_each_recovery_is_of(acme: World, whoop: ProviderServer):
    sleep = {
        "id": "s-1", "cycle_id": 1, "user_id": 10129, "updated_at": "2026-11-20T07:00:00Z", "score_state": "SCORED",
        "end": "2026-11-20T06:12:00Z", "timezone_offset": "+01:00",
        "score": {"stage_summary": {"total_rem_sleep_time_milli": 3_600_000}},
    }  # fmt: skip
    recovery = {
        "sleep_id": "s-1", "cycle_id": 1, "user_id": 10129, "updated_at": "2026-11-20T07:00:00Z",
        "score_state": "SCORED", "score": {"hrv_rmssd_milli": 31.8},
    }  # fmt: skip
    whoop.pages["/developer/v2/activity/sleep"], whoop.pages["/developer/v2/recovery"] = [sleep], [recovery]
    whoop.objects["/developer/v2/activity/sleep/s-1"] = sleep
    [ended] = acme.run(wanted("whoop"))
    assert ended["state"] == "done", ended
    assert acme.readings() == {"hrv_rmssd": 31.8, "sleep_rem_seconds": 3600, "sleep_seconds": 3600}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (wanted(member="eve"), "is not there: connect the member"),
        (wanted("garmin"), "Garmin pushes it"),
        (wanted("apple"), "Apple Health is an uploaded file"),
        (wanted(until=date(2026, 11, 1)), "is no span"),
        (wanted(since=date(2020, 1, 1)), "is no span"),
    ],
)  # fmt: skip
def test_what_cannot_be_pulled_says_why(acme: World, event: ProviderPullWanted, words: str):
    [ended] = acme.run(event)
    assert ended["state"] == "failed"
    assert words in ended["last_error"]


def test_a_pull_of_a_revoked_connection_tells_the_owner(acme: World, oura: ProviderServer, outbox):
    oura.revoked = True
    [ended] = acme.run(wanted())
    assert (ended["state"], ended["result"]["broken"]) == ("done", ["ada"])
    assert len(mails(outbox)) == 1


@pytest.mark.parametrize("event", [wanted(), told()], ids=["pull", "fetch"])
def test_an_owner_who_could_not_be_told_is_told_by_the_replay_and_once(
    acme: World, oura: ProviderServer, outbox, monkeypatch, event: Any
):
    oura.revoked = True
    monkeypatch.setenv("GROUNDWORK_SMTP_URL", "smtp://127.0.0.1:1")
    forget()
    last = acme.run(event)[-1]
    while last["state"] == "scheduled":
        with acme.db.transaction() as connection:
            advance(connection, 2 * 3600)
        acme.drain()
        last = acme.deliveries()[-1]
    assert (last["state"], mails(outbox)) == ("failed", [])
    monkeypatch.delenv("GROUNDWORK_SMTP_URL")
    forget()
    with acme.db.transaction() as connection:
        assert len(replay(connection, dead_letters(connection))) == 1
    acme.drain()
    assert acme.deliveries()[-1]["result"]["broken"] == ["ada"]
    assert len(mails(outbox)) == 1


def test_a_provider_that_is_not_configured_names_the_setting(acme: World, monkeypatch):
    monkeypatch.delenv("GROUNDWORK_OURA_CLIENT_ID")
    forget()
    [ended] = acme.run(wanted())
    assert "set GROUNDWORK_OURA_CLIENT_ID" in ended["last_error"]


def pushed(summary: dict[str, Any], kind: str = "sleeps", at: datetime | None = None) -> WearableDataReceived:
    return WearableDataReceived.model_validate(
        {"workspace_id": WorkspaceId("acme"), "provider": "garmin", "provider_user": "garmin-ada", "data_type": kind}
        | {"data": summary or None, "sent_at": at or datetime.now(UTC), "kind": "updated" if summary else "deleted"}
    )


GARMIN_SLEEP = {
    "calendarDate": "2026-11-20", "startTimeInSeconds": 1795127520, "startTimeOffsetInSeconds": 3600,
    "durationInSeconds": 28800, "deepSleepDurationInSeconds": 6000, "lightSleepDurationInSeconds": 15000,
    "remSleepInSeconds": 6000, "awakeDurationInSeconds": 1800,
}  # fmt: skip


def test_garmin_s_pushes_are_stored_as_they_come_a_corrected_one_last_and_a_bad_one_fails_alone(acme: World):
    acme.connect("ada", "garmin", "garmin-ada")
    now = datetime.now(UTC)
    corrected = pushed(GARMIN_SLEEP | {"remSleepInSeconds": 5000}, at=now)
    late = pushed(GARMIN_SLEEP, at=now - timedelta(minutes=5))
    bad = pushed(GARMIN_SLEEP | {"startTimeInSeconds": "soon"}, at=now)
    strange = pushed({"a": 1}, kind="epochs")
    ended = acme.run(corrected, late, bad, strange)
    assert [each["state"] for each in ended] == ["done", "done", "failed", "failed"]
    assert acme.readings()["sleep_seconds"] == 26000


def test_a_member_who_disconnects_at_garmin_is_disconnected_here_and_keeps_what_was_measured(acme: World):
    acme.connect("ada", "garmin", "garmin-ada")
    acme.run(pushed(GARMIN_SLEEP))
    acme.run(pushed({}, kind="deregistration"))
    assert acme.rows("SELECT state FROM fitness.connection WHERE provider = 'garmin'")[0].state == "ended"
    acme.run(pushed(GARMIN_SLEEP | {"remSleepInSeconds": 1}))
    assert acme.readings()["sleep_seconds"] == 27000


def due() -> SubscriptionsDue:
    return SubscriptionsDue(workspace_id=WorkspaceId("platform"))


def test_subscriptions_are_made_renewed_before_they_end_and_left_alone_otherwise(acme: World, oura: ProviderServer):
    [first] = acme.run(due())
    assert first["result"] == {"renewed": 0, "made": 12}
    assert acme.run(due())[-1]["result"] == {"renewed": 0, "made": 0}
    soon = (datetime.now(UTC) + timedelta(days=3)).replace(tzinfo=None).isoformat()
    oura.subscriptions["made-3"]["expiration_time"] = soon
    del oura.subscriptions["made-5"]
    oura.faults.append(Fault(503))
    assert acme.run(due())[-1]["result"] == {"renewed": 1, "made": 1}


def test_a_subscription_that_is_gone_when_it_is_renewed_is_made(acme: World, oura: ProviderServer):
    acme.run(due())
    oura.subscriptions["made-3"]["expiration_time"] = "2026-11-01T00:00:00"
    original = oura._subscribed

    def gone(handler: Any, path: str, body: bytes) -> tuple[int, Any]:
        return (404, {}) if "/renew/" in path else original(handler, path, body)

    oura._subscribed = gone  # type: ignore[method-assign]
    assert acme.run(due())[-1]["result"] == {"renewed": 0, "made": 1}


def test_without_oura_there_is_nothing_to_renew(acme: World, monkeypatch):
    monkeypatch.delenv("GROUNDWORK_OURA_CLIENT_ID")
    forget()
    assert acme.run(due())[-1]["result"] == {"skipped": "GROUNDWORK_OURA_CLIENT_ID not set"}


def test_tokens_are_sealed_for_whose_they_are_and_keys_can_be_rotated(acme: World, members, monkeypatch):
    stored = acme.rows("SELECT access_token, refresh_token FROM fitness.connection")
    assert not any(b"access-1" in bytes(row.access_token) or b"refresh" in bytes(row.refresh_token) for row in stored)
    ada = Linked("acme", "ada", "oura", "oura-ada", "active", "UTC")
    new = "bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3LWtleS4="
    monkeypatch.setenv("GROUNDWORK_WEARABLE_TOKEN_KEYS", f"{new},{TOKEN_KEY}")
    forget()
    assert access_of(ada, provider_named("oura")).token == "access-1"
    monkeypatch.setenv("GROUNDWORK_WEARABLE_TOKEN_KEYS", new)
    forget()
    with pytest.raises(SealBroken):
        access_of(ada, provider_named("oura"))
    monkeypatch.setenv("GROUNDWORK_WEARABLE_TOKEN_KEYS", TOKEN_KEY)
    forget()
    members("bob")
    with acme.db.transaction() as connection:
        connect(connection, Linked("acme", "bob", "oura", "oura-bob", "active", "UTC"), None)
        connection.exec_driver_sql(
            "UPDATE fitness.connection AS c SET access_token = a.access_token FROM fitness.connection AS a"
            " WHERE c.member_id = 'bob' AND a.member_id = 'ada' AND a.provider = 'oura'"
        )
    with pytest.raises(SealBroken):
        access_of(Linked("acme", "bob", "oura", "oura-bob", "active", "UTC"), provider_named("oura"))
