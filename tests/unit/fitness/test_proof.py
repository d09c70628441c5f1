"""Signatures of providers, by the vectors that were computed from their documentation."""

from datetime import UTC, datetime, timedelta

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import forget
from groundwork.deployments.gateway.fitness.proof import (
    garmin_secrets,
    is_garmins,
    oura_signature,
    same_as_any,
    signed_at,
    whoop_signature,
)

OURA_BODY = b'{"event_type":"update","data_type":"daily_readiness","object_id":"abc","user_id":"u1"}'
WHOOP_BODY = (
    b'{"user_id":10129,"id":"ecfc6a15-4661-442f-a9a4-f160dd7afae8","type":"sleep.updated",'
    b'"trace_id":"e369c784-5100-49e8-8098-75d35c47b31b"}'
)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch):
    forget()
    yield
    monkeypatch.undo()
    forget()


def test_oura_signs_timestamp_and_body_in_upper_case_hex():
    expected = "94C6D9AF3BDF019A626CAB6711668AC26E284A0534A453D6FE3BCC17EC85DA61"
    assert oura_signature("client-secret", "1764028800", OURA_BODY) == expected


def test_whoop_signs_timestamp_and_body_in_base64():
    expected = "xDdJJ55nGwUoXgxNBQaxCLFIxCjyfxJENQctRQvnwHc="
    assert whoop_signature("client-secret", "1764028800000", WHOOP_BODY) == expected


@pytest.mark.parametrize(("seconds", "is_within"), [(0, True), (299, True), (-299, True), (301, False), (-301, False)])
def test_a_timestamp_is_bounded_to_both_sides(seconds: int, is_within: bool):
    now = datetime(2026, 11, 20, tzinfo=UTC)
    moment = now + timedelta(seconds=seconds)
    for per_second in (1, 1000):
        stamp = str(int(moment.timestamp() * per_second))
        assert (signed_at(stamp, per_second=per_second, now=now) is not None) == is_within


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1e9", "1" * 16, "１７６４０２８８００", "1764028800.5", "9" * 15])
def test_what_is_no_timestamp_proves_nothing(stamp: str):
    assert signed_at(stamp, per_second=1) is None


def test_no_secret_is_known_by_an_empty_text():
    assert not same_as_any("", [])
    assert not same_as_any("é\udce4", ["other"])


def test_a_short_secret_of_garmin_s_path_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROUNDWORK_GARMIN_HOOK_SECRET", "short")
    forget()
    with pytest.raises(ConfigurationError, match="32 characters at least"):
        garmin_secrets()


def test_garmin_s_networks_are_kept_to_where_they_are_named(monkeypatch: pytest.MonkeyPatch):
    assert is_garmins("198.51.100.7")
    monkeypatch.setenv("GROUNDWORK_GARMIN_ADDRESSES", "203.0.113.0/24, 2001:db8::/32")
    forget()
    found = [
        is_garmins(each) for each in ("203.0.113.9", "::ffff:203.0.113.9", "2001:db8::1", "198.51.100.7", None, "x")
    ]
    assert found == [True, True, True, False, False, False]
