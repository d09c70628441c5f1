"""Workspaces and users: distinct types, so that one never passes for the other."""

import copy
import pickle
import re
from typing import Any

import pytest
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from pydantic import BaseModel, ValidationError

from groundwork.events.identifiers import RULE, STORED, RecordId, UserId, WorkspaceId, workspace_tag


class Member(BaseModel):
    workspace: WorkspaceId
    user: UserId


class Record(BaseModel):
    record_id: RecordId


def schema_of(field: str) -> dict[str, Any]:
    found: dict[str, Any] = Member.model_json_schema()["properties"][field]
    return found


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


REFUSED = {
    "": "it is empty",
    "x" * 129: "it has 129 characters",
    " acme": "a space is at its ends",
    "acme ": "a space is at its ends",
    "acme  ltd": "a space is at its ends, or beside another",
    "..": "a dot is at its ends, or beside another",
    ".acme": "a dot is at its ends",
    "acme.": "a dot is at its ends",
    "acme/../other": "character 5 is '/'",
    "acme..other": "a dot is at its ends, or beside another",
    **{f"a{each}b": f"character 2 is {each!r}" for each in '/\\%&<>?#"`$*;(){}[]^!'},
    "a%2Fb": "character 2 is '%'",
    "a\nb": "character 2 is U+000A",
    "a\0b": "character 2 is U+0000",
    "a\tb": "character 2 is U+0009",
    "a\u00a0b": "character 2 is U+00A0, NO-BREAK SPACE",
    "a\u200bb": "character 2 is U+200B, ZERO WIDTH SPACE",
    "\u202eacme": "character 1 is U+202E, RIGHT-TO-LEFT OVERRIDE",
    "a\ud800": "character 2 is U+D800",
    "acme🙂": "character 5 is '🙂'",
    "Mu\u0308nchen": "its accents are written apart from their letters",
}
TAKEN = [
    "acme", "Acme", "acme ltd", "0199f0c2-7d1e-7c3a-8a55-0242ac120002", "org_2abCDef", "auth0|5f7c8ec7", "a.b",
    "ada@example.com", "o'brien+news@example.com", "did:key:z6Mk", "YWNtZQ==", "a~b,c", "München", "日本",
    "-Nx3_a", "मुंबई", "x" * 128,
]  # fmt: skip


@pytest.mark.parametrize("value", REFUSED, ids=ascii)
def test_what_breaks_the_rule_is_told_where(value: str) -> None:
    with pytest.raises(ValueError, match="is no WorkspaceId: ") as refused:
        WorkspaceId(value)
    assert REFUSED[value] in str(refused.value)
    assert RULE in str(refused.value)
    assert len(str(refused.value)) < 500
    assert str(refused.value).isprintable()
    with pytest.raises(ValidationError, match="is no UserId: "):
        Member(workspace=WorkspaceId("acme"), user=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", TAKEN)
def test_what_keeps_the_rule_is_taken_as_it_is_and_is_a_tag(value: str) -> None:
    assert WorkspaceId(value) == value
    assert re.search(schema_of("workspace")["pattern"], value)
    assert workspace_tag(value) == f"workspace:{value}"
    GlobalConcurrencyLimitCreate(name=f"tag:{workspace_tag(value)}", limit=2)


@pytest.mark.parametrize(
    "value", [each for each in REFUSED if each.isascii() and 0 < len(each) <= 128 and "." not in each]
)
def test_the_schema_refuses_what_it_can_tell(value: str) -> None:
    assert not re.search(schema_of("workspace")["pattern"], value)


@pytest.mark.parametrize("value", ["a/b", "50%", "a&b", "<a>", "a?b#c", "a*b", "🙂"])
def test_an_id_from_before_the_rule_is_read_as_it_is_and_has_a_tag_of_its_own(value: str) -> None:
    stored = Member.model_validate({"workspace": value, "user": value}, context=STORED)
    assert (stored.workspace, type(stored.workspace)) == (value, WorkspaceId)
    GlobalConcurrencyLimitCreate(name=f"tag:{workspace_tag(stored.workspace)}", limit=2)
    # What a job does with it goes on: another event of the workspace, a copy, a step's result.
    assert Member(workspace=stored.workspace, user=stored.user) == stored
    assert pickle.loads(pickle.dumps(stored)) == copy.deepcopy(stored) == stored
    with pytest.raises(TypeError, match="is a WorkspaceId; a UserId is wanted"):
        UserId.stored(stored.workspace)


def test_the_id_of_a_record_keeps_the_rule_too() -> None:
    with pytest.raises(ValidationError, match=r"'\.\./x' is no id: character 3 is '/'"):
        Record(record_id="../x")
    assert Record.model_validate({"record_id": "../x"}, context=STORED).record_id == "../x"


def test_tags_of_different_ids_differ() -> None:
    assert len({workspace_tag(each) for each in ("a/b", "a*2F*b", "a*b", "a%b", "a b", "a-b")}) == 6


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
        "pattern": schema_of("workspace")["pattern"],
        "title": "UserId",
    }
