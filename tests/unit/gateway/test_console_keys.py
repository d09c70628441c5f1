"""Keys of the console: which are refused, and from where the one that anybody knows opens it."""

from collections.abc import Iterator

import pytest
from fastapi import Request

from groundwork.blocks.console_keys import ConsoleKey, ConsoleKeys
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import forget
from groundwork.deployments.console.access import is_own_machine

LONG = "a-key-of-enough-characters"


def entry(name: str = "olga", key: str = LONG, **fields: str) -> ConsoleKey:
    return ConsoleKey.model_validate({"name": name, "key": key} | fields)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    forget()
    yield monkeypatch
    forget()


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([entry(), entry("other")], "share one key"),
        ([entry(), entry(key=LONG + "2")], "share one name"),
        ([entry(role="operator", workspace="acme")], "an operator sees all workspaces"),
        ([entry(key="short")], "16 are the least"),
        ([entry(key="development")], "GROUNDWORK_CONSOLE_KEY"),
        ([entry(key="a-key-of-the-senders-too")], "is a key of events too"),
        ([entry(key="")], "is empty"),
    ],
)
def test_keys_that_are_not_safe_are_refused_with_the_cure(entries: list[ConsoleKey], told: str):
    with pytest.raises(ConfigurationError, match=told):
        ConsoleKeys(entries=entries).check(production=True, held_by_senders=["a-key-of-the-senders-too"])


def test_the_environment_gives_an_operator_and_a_viewer(environment: pytest.MonkeyPatch):
    environment.setenv("GROUNDWORK_CONSOLE_KEY", LONG)
    environment.setenv("GROUNDWORK_CONSOLE_VIEWER_KEY", LONG + "2")
    keys = ConsoleKeys.from_settings()
    assert keys is not None
    assert [(each.name, each.role) for each in keys.entries] == [("operator", "operator"), ("viewer", "viewer")]
    assert keys.find(LONG + "2") is keys.entries[1]
    assert keys.find("development") is None


def test_in_production_nobody_signs_in_without_a_key_of_ones_own(environment: pytest.MonkeyPatch):
    assert [each.is_development for each in ConsoleKeys().entries] == [True]
    environment.setenv("GROUNDWORK_MODE", "production")
    forget()
    assert ConsoleKeys().entries == []


@pytest.mark.parametrize(
    ("client", "host", "more", "own"),
    [
        ("127.0.0.1", "127.0.0.1:8700", {}, True),
        ("127.0.0.1", "localhost", {}, True),
        ("::1", "[::1]:8700", {}, True),
        ("10.0.0.9", "127.0.0.1:8700", {}, False),
        ("127.0.0.1", "rebound.example:8700", {}, False),
        ("127.0.0.1", "10.0.0.1", {}, False),
        ("127.0.0.1", "[::1", {}, False),
        ("127.0.0.1", "localhost", {"x-forwarded-for": "10.0.0.9"}, False),
        ("127.0.0.1", "localhost", {"forwarded": "for=10.0.0.9"}, False),
    ],
)
def test_the_development_key_is_for_the_machine_itself(client: str, host: str, more: dict[str, str], own: bool):
    headers = [(b"host", host.encode()), *((name.encode(), value.encode()) for name, value in more.items())]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, "client": (client, 1)}
    assert is_own_machine(Request(scope)) is own
