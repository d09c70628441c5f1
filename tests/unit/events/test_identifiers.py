"""Workspaces and users: distinct types, so that one never passes for the other."""

import copy
import pickle

import pytest
from pydantic import BaseModel, ValidationError

from groundwork.events.identifiers import UserId, WorkspaceId


class Member(BaseModel):
    workspace: WorkspaceId
    user: UserId


def test_a_user_is_refused_where_a_workspace_is_wanted() -> None:
    with pytest.raises(TypeError, match="is a UserId; a WorkspaceId is wanted"):
        WorkspaceId(UserId("u"))
    with pytest.raises(ValidationError, match="is a UserId; a WorkspaceId is wanted"):
        Member(workspace=UserId("u"), user=UserId("u"))  # type: ignore[arg-type]


def test_plain_strings_from_the_wire_become_identifiers() -> None:
    member = Member.model_validate({"workspace": "acme", "user": "usr_1"})
    assert type(member.workspace) is WorkspaceId
    assert type(member.user) is UserId
    assert member.model_dump(mode="json") == {"workspace": "acme", "user": "usr_1"}


@pytest.mark.parametrize("value", ["", " acme", "acme ", "a\nb", "a\0b", "x" * 129])
def test_an_identifier_has_printable_characters_and_no_space_at_its_ends(value: str) -> None:
    with pytest.raises(ValueError, match="1 to 128 printable characters"):
        WorkspaceId(value)


@pytest.mark.parametrize("value", [None, 5, b"acme", ["acme"]])
def test_only_a_string_becomes_an_identifier(value: object) -> None:
    with pytest.raises(ValidationError, match="valid string"):
        Member.model_validate({"workspace": value, "user": "u"})


def test_an_identifier_says_what_it_identifies() -> None:
    assert repr(WorkspaceId("acme")) == "WorkspaceId('acme')"
    assert str(WorkspaceId("acme")) == f"{WorkspaceId('acme')}" == "acme"


def test_an_identifier_survives_pickling_and_copying() -> None:
    for twin in (pickle.loads(pickle.dumps(UserId("u"))), copy.deepcopy(UserId("u"))):
        assert type(twin) is UserId
        assert twin == "u"


def test_the_schema_states_the_length() -> None:
    assert Member.model_json_schema()["properties"]["user"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 128,
        "pattern": r"^\S(.*\S)?$",
        "title": "UserId",
    }
