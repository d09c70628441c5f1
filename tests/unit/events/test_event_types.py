"""Event types and the catalogue: naming, the wire form, and what a misspelt name is told."""

import pytest
from pydantic import ValidationError

from groundwork.blocks.errors import ConfigurationError, UnknownName
from groundwork.events import base
from groundwork.events.base import NAME_PATTERN, Event, UserEvent
from groundwork.events.catalogue import event_type, event_types, parse_event, sendable_types
from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.events.identifiers import UserId, WorkspaceId

DATA = {"workspaceId": "acme", "userId": "usr_1", "importId": "imp_1"}


@pytest.mark.parametrize(
    "name", ["import/csv.confirmed", "lead/intent.score", "platform/alerts.churn-risk-detected", "a1/b.c.d"]
)
def test_a_name_is_a_domain_a_noun_and_a_verb(name: str) -> None:
    assert NAME_PATTERN.match(name)


@pytest.mark.parametrize(
    "name",
    ["import", "import/csv", "csv.confirmed", "Import/csv.confirmed", "import/csv.", "a/b/c.d", "a/-b.c", "a/b.c "],
)
def test_a_type_whose_name_breaks_the_rule_cannot_be_defined(name: str) -> None:
    with pytest.raises(TypeError, match=r"not of the form domain/noun\.verb"):

        class Broken(Event, name=name):
            pass


def test_two_types_cannot_have_one_name() -> None:
    with pytest.raises(ConfigurationError, match=r"named .import/csv\.confirmed.: .*CsvImportConfirmed .*Another "):

        class Another(Event, name="import/csv.confirmed"):
            pass


@pytest.fixture
def own_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_registry", dict(base._registry))
    monkeypatch.setattr(base, "_aliases", dict(base._aliases))


@pytest.mark.parametrize("alias", ["USER_CREATED", "user_created", "userCreated", "User created!", "usuário/criado"])
def test_what_senders_call_a_type_otherwise_is_its_alias(own_types: None, alias: str) -> None:
    class Created(Event, name="test/user.created", alias=alias):
        pass

    assert Created.aliases == (alias,)
    assert sendable_types()[alias] is sendable_types()["test/user.created"] is Created
    assert alias not in event_types()


def test_an_alias_is_of_one_type_only_and_no_other_types_name(own_types: None) -> None:
    class Created(Event, name="test/user.created", alias=("CREATED", "Created")):
        pass

    with pytest.raises(ConfigurationError, match=r"named 'Created': .*Created .*Another "):

        class Another(Event, name="test/user.added", alias="Created"):
            pass

    with pytest.raises(ConfigurationError, match=r"named 'import/csv\.confirmed'"):

        class Third(Event, name="test/user.made", alias="import/csv.confirmed"):
            pass

    class Lower(Event, name="test/user.lower", alias="user/was.made"):
        pass

    with pytest.raises(ConfigurationError, match=r"named 'user/was\.made'"):

        class Fourth(Event, name="user/was.made"):
            pass


@pytest.mark.parametrize(
    ("alias", "told"),
    [
        ("", "is empty"),
        ("x" * 256, "256 characters; 255 are the most"),
        ("two\nlines", "do not print"),
        ("inngest/function.failed", "reserved"),
        ("Inngest/x", "reserved"),
    ],
)
def test_what_no_sender_can_write_is_no_alias(own_types: None, alias: str, told: str) -> None:
    with pytest.raises(TypeError, match=told):

        class Created(Event, name="test/user.created", alias=alias):
            pass


def test_a_base_of_types_has_no_alias(own_types: None) -> None:
    with pytest.raises(TypeError, match="an alias and no name"):

        class Base(Event, alias="X"):
            pass


@pytest.mark.parametrize("path", ["orgId", "data", "data.", "data..id", "name", "data.org id", "user", ".data.x"])
def test_a_place_of_the_workspace_that_is_no_path_is_refused(own_types: None, path: str) -> None:
    with pytest.raises(TypeError, match=r"no path like data\.orgId"):

        class Created(Event, name="test/user.created", workspace_from=path):
            pass


def test_the_place_of_the_workspace_is_inherited_and_aliases_are_not(own_types: None) -> None:
    class OfOrganizations(Event, workspace_from="data.orgId"):
        pass

    class Created(OfOrganizations, name="test/user.created", alias="X"):
        pass

    class Removed(Created, name="test/user.removed"):
        pass

    assert Created.workspace_from == Removed.workspace_from == "data.orgId"
    assert Removed.aliases == ()
    assert sendable_types()["X"] is Created


def test_an_event_is_camel_case_on_the_wire_and_snake_case_in_python() -> None:
    event = parse_event("import/csv.confirmed", DATA)
    assert isinstance(event, CsvImportConfirmed)
    assert event.import_id == "imp_1"
    assert event.wire() == DATA | {"options": {"onConflict": "update"}}
    assert parse_event(event.event_name, event.wire()) == event


def test_an_event_cannot_be_changed() -> None:
    event = CsvImportConfirmed(workspace_id=WorkspaceId("acme"), user_id=UserId("u"), import_id="i")
    with pytest.raises(ValidationError, match="frozen"):
        event.import_id = "other"  # type: ignore[misc]


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError, match="extra"):
        parse_event("import/csv.confirmed", DATA | {"imprtId": "x"})


@pytest.mark.parametrize("number", ["nan", "Infinity", float("inf")])
def test_a_number_that_json_does_not_know_is_refused(number: object) -> None:
    class Measured(Event):
        value: float

    with pytest.raises(ValidationError, match="finite number"):
        Measured.model_validate({"workspaceId": "acme", "value": number})


def test_every_event_says_which_workspace_it_belongs_to() -> None:
    with pytest.raises(ValidationError, match="workspaceId"):
        parse_event("import/csv.confirmed", {"userId": "u", "importId": "i"})


@pytest.mark.parametrize("name", ["import/csv.confirmd", "imports/csv.confirmed", "import/csv-confirmed"])
def test_a_misspelt_name_is_told_the_right_one(name: str) -> None:
    with pytest.raises(UnknownName, match=r"did you mean 'import/csv\.confirmed'"):
        event_type(name)


def test_a_name_near_to_none_is_told_what_there_is() -> None:
    with pytest.raises(UnknownName, match=r"known are .*import/csv\.confirmed"):
        event_type("zzz")


def test_every_type_of_the_catalogue_is_documented_and_listed_by_its_name() -> None:
    shipped = {name: each for name, each in event_types().items() if each.__module__.startswith("groundwork.events.")}
    assert shipped
    for name, each in shipped.items():
        assert each.event_name == name
        assert NAME_PATTERN.match(name)
        assert each.__doc__ not in (None, Event.__doc__, UserEvent.__doc__)
        assert "workspaceId" in each.model_json_schema()["required"]


def test_the_catalogue_is_in_the_order_of_the_names() -> None:
    assert list(event_types()) == sorted(event_types())
