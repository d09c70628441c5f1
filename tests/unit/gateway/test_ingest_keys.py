"""The keys of senders: who is found, what they may send, and which configurations are refused."""

import base64
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.ingest_keys import IngestKey, IngestKeys
from groundwork.blocks.process_cache import forget
from groundwork.blocks.settings import DEVELOPMENT_EVENT_KEY

SECRET = "whsec_" + base64.b64encode(b"x" * 24).decode()


def entry(name: str = "app", key: str = "a-key-of-enough-characters", **fields: object) -> IngestKey:
    return IngestKey.model_validate({"name": name, "key": key} | fields)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.delenv("GROUNDWORK_EVENT_KEY", raising=False)
    monkeypatch.delenv("GROUNDWORK_SIGNING_SECRET", raising=False)
    monkeypatch.delenv("GROUNDWORK_INNGEST_KEY", raising=False)
    forget()
    yield monkeypatch
    forget()


def test_a_sender_is_found_by_its_key_and_by_no_other() -> None:
    keys = IngestKeys(entries=[entry("one", "first"), entry("two", "second")])
    assert keys.find("second") is keys.entries[1]
    assert keys.find("third") is None
    assert keys.find("") is None


@pytest.mark.parametrize(
    ("events", "name", "allowed"),
    [
        ("*", "lead/intent.score", True),
        (["import/*"], "import/csv.confirmed", True),
        (["import/*"], "important/csv.confirmed", False),
        (["import/csv.confirmed"], "import/csv.confirmed", True),
        (["import/csv.confirmed"], "import/csv.confirmed.again", False),
        (["lead/*", "import/*"], "import/csv.confirmed", True),
        ([], "import/csv.confirmed", False),
    ],
)
def test_a_sender_may_send_the_events_of_its_patterns(events: object, name: str, allowed: bool) -> None:
    assert entry(events=events).allows_event(name) is allowed


def test_a_sender_may_send_for_its_workspaces_only() -> None:
    assert entry(workspaces=["acme"]).allows_workspace("acme")
    assert not entry(workspaces=["acme"]).allows_workspace("acme2")
    assert entry().allows_workspace("any")


def test_nothing_configured_is_the_development_key_alone() -> None:
    assert [each.key.get_secret_value() for each in IngestKeys().entries] == [DEVELOPMENT_EVENT_KEY]
    IngestKeys().check(production=False)


def test_the_environment_says_nothing_where_neither_variable_is_set(environment: pytest.MonkeyPatch) -> None:
    assert IngestKeys.from_settings() is None


def test_the_environment_gives_one_key_with_its_secrets(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("GROUNDWORK_EVENT_KEY", "key-from-environment")
    environment.setenv("GROUNDWORK_SIGNING_SECRET", f"{SECRET}, {SECRET}")
    keys = IngestKeys.from_settings()
    assert keys is not None
    assert keys.entries[0].name == "default"
    assert keys.entries[0].key.get_secret_value() == "key-from-environment"
    assert keys.entries[0].secret_bytes() == [b"x" * 24] * 2


def test_the_environment_gives_a_key_for_paths_beside_the_other(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("GROUNDWORK_EVENT_KEY", "key-from-environment")
    environment.setenv("GROUNDWORK_INNGEST_KEY", "key-in-paths")
    environment.setenv("GROUNDWORK_INNGEST_WORKSPACE", "data.orgId")
    keys = IngestKeys.from_settings()
    assert keys is not None
    assert [(each.name, each.in_path, each.workspace_from) for each in keys.entries] == [
        ("default", False, "data.orgId"),
        ("inngest", True, "data.orgId"),
    ]


def test_a_key_for_paths_needs_no_signing_secret_in_production_mode() -> None:
    IngestKeys(entries=[entry(in_path=True)]).check(production=True)
    with pytest.raises(ConfigurationError, match="16 are the least"):
        IngestKeys(entries=[entry(key="short", in_path=True)]).check(production=True)
    with pytest.raises(ConfigurationError, match="anybody knows"):
        IngestKeys(entries=[entry(key=DEVELOPMENT_EVENT_KEY, in_path=True)]).check(production=True)


@pytest.mark.parametrize("path", ["orgId", "data", "keys", "data. id"])
def test_a_place_of_the_workspace_is_a_path_or_the_key(path: str) -> None:
    with pytest.raises(ValueError, match="workspace_from"):
        entry(workspace_from=path)
    assert entry(workspace_from="key", workspaces=["acme"]).workspace_from == "key"


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([entry(key=DEVELOPMENT_EVENT_KEY, signing_secrets=[SECRET])], "anybody knows"),
        ([entry(key="short", signing_secrets=[SECRET])], "5 characters; 16 are the least"),
        ([entry()], "no signing secret"),
    ],
)
def test_production_mode_refuses_what_is_not_safe_and_says_how_to_mend_it(entries: list[IngestKey], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as refused:
        IngestKeys(entries=entries).check(production=True)
    assert "python -c" in str(refused.value)
    IngestKeys(entries=entries).check(production=False)


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([entry(signing_secrets=["whsec_not base64"])], "not base64"),
        ([entry(signing_secrets=["whsec_" + base64.b64encode(b"x" * 23).decode()])], "23 bytes; 24 are the least"),
        ([entry(signing_secrets=[""])], "0 bytes"),
        ([entry("one", "same"), entry("two", "same")], "share one key"),
        ([entry(in_path=True, signing_secrets=[SECRET])], "nothing is signed"),
        ([entry(key="a/b", in_path=True)], "letters, digits, - and _ only"),
        ([entry(key="a b?", in_path=True)], "letters, digits, - and _ only"),
        ([entry(workspace_from="key")], "exactly one"),
        ([entry(workspace_from="key", workspaces=["a", "b"])], "exactly one"),
        ([entry("one", "a"), entry("one", "b")], "share one name"),
    ],
)
def test_every_mode_refuses_what_cannot_work(entries: list[IngestKey], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        IngestKeys(entries=entries).check(production=False)


def test_a_safe_configuration_passes_in_production_mode() -> None:
    IngestKeys(entries=[entry(signing_secrets=[SECRET, SECRET.rstrip("=")])]).check(production=True)


def test_the_advised_commands_make_what_production_mode_accepts() -> None:
    with pytest.raises(ConfigurationError) as no_key:
        IngestKeys().check(production=True)
    with pytest.raises(ConfigurationError) as no_secret:
        IngestKeys(entries=[entry()]).check(production=True)
    key, secret = (_run_advice(str(refused.value)) for refused in (no_key, no_secret))
    IngestKeys(entries=[entry(key=key, signing_secrets=[secret])]).check(production=True)


def _run_advice(message: str) -> str:
    _, python, *arguments = shlex.split(message[message.index(": python -c") :])
    assert python == "python"
    return subprocess.run([sys.executable, *arguments], text=True, capture_output=True, check=True).stdout.strip()


def test_no_secret_shows_when_the_block_is_printed_or_read_from_prefect_without_secrets() -> None:
    keys = IngestKeys(entries=[entry(key="visible-key", signing_secrets=[SECRET])])
    assert "visible-key" not in repr(keys)
    assert SECRET not in repr(keys)
    assert IngestKeys.model_json_schema()["secret_fields"] == ["entries"]


def test_the_gateway_does_not_start_with_unsafe_keys_in_production_mode() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "groundwork.deployments.gateway"],
        env=os.environ | {"GROUNDWORK_MODE": "production", "GROUNDWORK_EVENT_KEY": "short"},
        text=True,
        capture_output=True,
    )
    assert ended.returncode == 2
    assert ended.stderr.strip().splitlines()[-1].startswith("gateway: event key 'default' has 5 characters")
