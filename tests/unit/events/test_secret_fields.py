"""What an event type calls secret is masked wherever it stands, and nobody finds it out by looking for it."""

import pytest
from pydantic import BaseModel, Field

from groundwork.events.base import WIRE, Event
from groundwork.events.failed import Failed
from groundwork.events.secret_fields import MASK, UNKNOWN, is_secret, names_with_secrets, without_secrets

SECRET = {"secret": True}


class Login(BaseModel):
    model_config = WIRE
    user: str
    password: str = Field(json_schema_extra=SECRET)


class AccountsGiven(Event, name="test/accounts.given"):
    main: Login | None = None
    others: list[Login] = Field(default_factory=list)
    by_name: dict[str, Login] = Field(default_factory=dict)
    key_pair: dict[str, str] = Field(default_factory=dict, json_schema_extra=SECRET)
    note: str = ""


DATA = {
    "workspaceId": "acme",
    "main": {"user": "ada", "password": "p-1"},
    "others": [{"user": "bob", "password": "p-2"}, "odd"],
    "byName": {"x": {"user": "eve", "password": "p-3"}},
    "keyPair": {"private": "p-4"},
    "note": "open",
}


def test_secrets_are_masked_in_lists_maps_and_models():
    shown = without_secrets("test/accounts.given", DATA)
    assert "p-" not in str(shown)
    assert shown["main"] == {"user": "ada", "password": MASK}
    assert shown["others"] == [{"user": "bob", "password": MASK}, "odd"]
    assert (shown["keyPair"], shown["note"]) == (MASK, "open")


def test_a_failed_event_within_the_event_of_its_failure_is_masked_too():
    Failed(AccountsGiven)
    shown = without_secrets("groundwork/failed.test.accounts.given", {"job": "j", "data": DATA})
    assert "p-" not in str(shown)
    assert shown["job"] == "j"


def test_of_a_type_that_is_not_there_nothing_is_shown():
    assert without_secrets("test/no.such", DATA) == UNKNOWN
    failure = without_secrets("groundwork/failed.test.no.such", {"job": "j", "data": DATA})
    assert failure == {"job": "j", "data": UNKNOWN}


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("note", False), ("main.user", False), ("main.password", True), ("main", True), ("keyPair.private", True),
        ("others.0.password", True), ("others.0.user", False), ("others", True), ("byName.x.password", True),
        ("nowhere", False),
    ],
)  # fmt: skip
def test_nobody_looks_for_what_is_secret(path: str, secret: bool):
    assert is_secret("test/accounts.given", path.split(".")) is secret
    assert is_secret("groundwork/failed.test.accounts.given", ["data", *path.split(".")]) is secret
    assert "groundwork/failed.test.accounts.given" in names_with_secrets()
