"""Which addresses are open to other machines, and which keys open the gateway there."""

import pytest
from pydantic import SecretStr

from groundwork.blocks.ingest_keys import IngestKey, IngestKeys
from groundwork.deployments.gateway.exposure import is_open_to_others, warning


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_alone_reaches_a_loopback_address(host: str) -> None:
    assert not is_open_to_others(host)
    assert warning(host, IngestKeys()) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "no-such-host.invalid", "x" * 300, "a..b"])
def test_the_known_key_on_any_other_address_is_warned_of_with_the_cure(host: str) -> None:
    assert is_open_to_others(host)
    told = warning(host, IngestKeys())
    assert told is not None
    assert host in told
    assert "Set GROUNDWORK_EVENT_KEY" in told
    assert "GROUNDWORK_HOST=127.0.0.1" in told


def test_it_is_found_among_other_keys_and_no_other_key_is_warned_of() -> None:
    own = IngestKey(name="app", key=SecretStr("a-key-of-my-own-that-is-long"))
    known = IngestKey(name="other", key=SecretStr("development"))
    assert warning("0.0.0.0", IngestKeys(entries=[own])) is None
    assert warning("0.0.0.0", IngestKeys(entries=[own, known])) is not None
