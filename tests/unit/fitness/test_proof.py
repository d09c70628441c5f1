"""Signatures of providers, by the vectors that were computed from their documentation."""

from datetime import UTC, datetime

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import forget
from groundwork.deployments.gateway.fitness.hooks import OURA_PROOF, WHOOP_PROOF
from groundwork.deployments.gateway.fitness.proof import garmin_secrets, is_garmins
from groundwork.events.webhooks import Incoming

THEN = 1764028800.0

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
    headers = {
        "x-oura-timestamp": "1764028800",
        "x-oura-signature": "94C6D9AF3BDF019A626CAB6711668AC26E284A0534A453D6FE3BCC17EC85DA61",
    }
    OURA_PROOF.check(Incoming("POST", "", headers, OURA_BODY), ["client-secret"], THEN)


def test_whoop_signs_timestamp_and_body_in_base64():
    headers = {
        "x-whoop-signature-timestamp": "1764028800000",
        "x-whoop-signature": "xDdJJ55nGwUoXgxNBQaxCLFIxCjyfxJENQctRQvnwHc=",
    }
    proved = WHOOP_PROOF.check(Incoming("POST", "", headers, WHOOP_BODY), ["new", "client-secret"], THEN)
    assert proved.at == datetime.fromtimestamp(THEN, UTC)


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
