"""Events of a name that no type has: refused, or kept and replayed once there is a type."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from groundwork.blocks.database import database
from groundwork.blocks.settings import settings
from groundwork.blocks.ulid import id_of
from groundwork.deployments.cli import program
from groundwork.deployments.gateway.seed import HEADER
from groundwork.deployments.unknown_events import replay_unknown
from groundwork.events import base
from groundwork.events.inbox.unknown import forget_unknown, unknown_names
from tests.integration.inngest.conftest import ACME_KEY, BEARER_KEY, GLOBEX_KEY, KEY, ORGANIZATIONS_KEY
from tests.integration.inngest.wire import accepted, kept, new_seed, refused, stored, user_created

BEARER = {"Authorization": f"Bearer {BEARER_KEY}"}


@pytest.fixture(autouse=True)
def store(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "unknown_events", "store")


@pytest.fixture
def late_type() -> Iterator[type[base.Event]]:
    """The type that a team writes later, with the name that was sent as its alias."""
    before = dict(base._registry), dict(base._aliases)

    class InvoicePaid(base.Event, name="billing/invoice.settled", alias="InvoicePaid"):
        amount: int

    yield InvoicePaid
    for registry, entries in zip((base._registry, base._aliases), before, strict=True):
        registry.clear()
        registry.update(entries)


def invoice(amount: Any = 5, workspace: str = "acme", **envelope: Any) -> dict[str, Any]:
    return {"name": "InvoicePaid", "data": {"workspaceId": workspace, "amount": amount}} | envelope


def command(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(program(), ["events", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_an_unknown_event_is_kept_as_it_was_sent(client: httpx.Client) -> None:
    event = invoice(user={"id": 1}, v="2", more=[1]) | {"ts": 1795323344603}
    [id] = accepted(client.post(f"/e/{KEY}", json=event))
    [found] = kept()
    assert (found.id, found.name, found.workspace_id, found.source) == (id_of(id), "InvoicePaid", "acme", "moving")
    assert found.document == event
    assert stored() == []


def test_a_batch_of_known_and_unknown_events_is_answered_in_its_order(client: httpx.Client) -> None:
    batch = [invoice(1), user_created(), invoice(2), user_created()]
    seed = new_seed()
    ids = accepted(client.post(f"/e/{KEY}", json=batch, headers={HEADER: seed}))
    assert [id_of(each) for each in ids] == [kept()[0].id, stored()[0].id, kept()[1].id, stored()[1].id]
    assert ids == sorted(ids)
    assert accepted(client.post(f"/e/{KEY}", json=batch, headers={HEADER: seed})) == ids
    assert len(kept()) == len(stored()) == 2


def test_unknown_events_are_stored_once_by_seed_and_by_id(client: httpx.Client) -> None:
    first = accepted(client.post(f"/e/{KEY}", json=invoice(id="once")))
    assert accepted(client.post(f"/e/{KEY}", json=invoice(id="once") | {"name": "other"})) == first
    assert accepted(client.post(f"/e/{KEY}", json=invoice(id="once", workspace="globex"))) != first
    assert len(kept()) == 2


@pytest.mark.parametrize(
    ("key", "event", "status"),
    [
        (KEY, {"name": "InvoicePaid", "data": {}}, 400),
        (KEY, {"name": "InvoicePaid", "data": {"workspaceId": "a/b"}}, 400),
        (KEY, {"name": "inngest/x", "data": {"workspaceId": "acme"}}, 400),
        (KEY, {"name": "x" * 256, "data": {"workspaceId": "acme"}}, 400),
        (KEY, {"name": "InvoicePaid", "data": {"workspaceId": "acme", "x": "a\0"}}, 400),
        (ACME_KEY, {"name": "app/not.yet", "data": {"workspaceId": "globex"}}, 403),
        (ACME_KEY, {"name": "InvoicePaid", "data": {"workspaceId": "acme"}}, 403),
    ],
)
def test_what_no_type_could_mend_is_refused_all_the_same(
    client: httpx.Client, key: str, event: dict[str, Any], status: int
) -> None:
    refused(client.post(f"/e/{key}", json=event), status)
    assert kept() == []


def test_a_known_event_that_does_not_fit_its_type_is_refused_all_the_same(client: httpx.Client) -> None:
    refused(client.post(f"/e/{KEY}", json=user_created(email=5)), 400)  # type: ignore[arg-type]


def test_its_sender_sees_that_it_is_kept(client: httpx.Client) -> None:
    [id] = accepted(client.post(f"/e/{KEY}", json=invoice()))
    found = client.get(f"/events/{id}", headers=BEARER).json()
    assert (found["name"], found["workspaceId"], found["unknown"]) == ("InvoicePaid", "acme", True)
    assert found["deliveries"] == []


def test_it_is_delivered_once_there_is_a_type_and_keeps_its_id(
    client: httpx.Client, late_type: type[base.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(base, "_registry", {})
        earlier.setattr(base, "_aliases", {})
        ids = accepted(client.post(f"/e/{KEY}", json=[invoice(each, id=f"i-{each}") for each in range(3)]))
    with database().transaction() as connection:
        connection.execute(
            text("INSERT INTO groundwork.job (name, event_name) VALUES ('book', 'billing/invoice.settled')")
        )

    assert replay_unknown("InvoicePaid", dry_run=True).accepted == 3
    assert len(kept()) == 3
    done = replay_unknown("InvoicePaid")

    assert (done.accepted, done.duplicates, done.misfits) == (3, 0, 0)
    assert kept() == []
    assert {each.id for each in stored()} == {id_of(each) for each in ids}
    with database().transaction() as connection:
        amounts = connection.execute(
            text(
                "SELECT data->'amount' FROM groundwork.delivery JOIN groundwork.event ON event.id = event_id "
                "ORDER BY sequence"
            )
        )
        assert list(amounts.scalars()) == [0, 1, 2]
    assert accepted(client.post(f"/e/{KEY}", json=invoice(2, id="i-2"))) == ids[2:]


def keep(client: httpx.Client, monkeypatch: pytest.MonkeyPatch, events: object, key: str = KEY, seed: str = "") -> Any:
    """Send before there is the type."""
    with monkeypatch.context() as earlier:
        earlier.setattr(base, "_registry", {})
        earlier.setattr(base, "_aliases", {})
        return accepted(client.post(f"/e/{key}", json=events, headers={HEADER: seed}))


def test_what_was_sent_again_after_the_type_came_is_not_delivered_twice(
    client: httpx.Client, late_type: type[base.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = new_seed()
    batch = [invoice(1, id="a"), invoice(2)]
    ids = keep(client, monkeypatch, batch, seed=seed)
    assert accepted(client.post(f"/e/{KEY}", json=batch, headers={HEADER: seed})) == ids
    done = replay_unknown("InvoicePaid")
    assert (done.accepted, done.duplicates, done.misfits) == (0, 2, 0)
    assert kept() == []
    assert len(stored()) == 2


def test_what_does_not_fit_the_type_stays_with_the_reason(
    client: httpx.Client, late_type: type[base.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(client, monkeypatch, [invoice(1), invoice("much"), invoice(3)])
    done = replay_unknown("InvoicePaid")
    assert (done.accepted, done.misfits) == (2, 1)
    assert "amount" in done.faults[0]
    assert [each.document["data"]["amount"] for each in kept()] == ["much"]


def test_a_type_that_finds_another_workspace_than_the_keys_check_had_gets_nothing(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, late_type: type[base.Event]
) -> None:
    event = invoice() | {"name": "Moved", "data": {"workspaceId": "acme", "orgId": "globex"}}
    keep(client, monkeypatch, event)

    class Moved(base.Event, name="test/it.moved", alias="Moved", workspace_from="data.orgId"):
        pass

    done = replay_unknown("Moved")
    assert (done.accepted, done.misfits) == (0, 1)
    assert "globex" in done.faults[0]


def test_the_place_of_the_workspace_that_the_key_had_said_is_remembered(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, late_type: type[base.Event]
) -> None:
    keep(client, monkeypatch, {"name": "InvoicePaid", "data": {"amount": 1}}, GLOBEX_KEY)
    nested = {"name": "Nested", "data": {"organization": {"id": "acme"}, "amount": 1}}
    keep(client, monkeypatch, nested, ORGANIZATIONS_KEY)

    class Nested(base.Event, name="test/it.nested", alias="Nested"):
        organization: dict[str, str]
        amount: int

    assert replay_unknown("InvoicePaid").accepted == replay_unknown("Nested").accepted == 1
    assert [each.workspace_id for each in stored()] in (["globex", "acme"], ["acme", "globex"])


def test_more_than_one_transaction_takes_them_in_order_and_past_those_that_do_not_fit(
    client: httpx.Client, late_type: type[base.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(client, monkeypatch, [invoice("much" if number % 3 == 0 else number) for number in range(1_200)])
    done = replay_unknown("InvoicePaid")
    assert (done.accepted, done.misfits, len(done.faults)) == (800, 400, 10)
    assert len(kept()) == 400


def test_the_commands_list_what_is_kept_and_replay_it(
    client: httpx.Client, late_type: type[base.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(client, monkeypatch, [invoice(1), invoice(2), invoice(3, workspace="globex"), invoice(4) | {"name": "Other"}])

    code, told = command("unknown")
    assert code == 0
    assert "InvoicePaid of acme: 2 events, the last at " in told
    assert "InvoicePaid of globex: 1 event, " in told
    assert "Other of acme: 1 event" in told
    assert "an event type has it now" in told
    assert "no event type has it" in told
    listed = json.loads(command("unknown", "--json")[1])["unknown"]
    assert [(each["name"], each["events"], each["typeKnown"]) for each in listed] == [
        ("InvoicePaid", 2, True),
        ("InvoicePaid", 1, True),
        ("Other", 1, False),
    ]

    assert command("replay", "Other")[0] == 1
    assert "2 would be accepted" in command("replay", "InvoicePaid", "--workspace", "acme", "--dry-run")[1]
    assert "2 accepted" in command("replay", "InvoicePaid", "--workspace", "acme")[1]
    assert json.loads(command("replay", "--json")[1])["replayed"][0]["accepted"] == 1
    assert [each.name for each in kept()] == ["Other"]


def test_the_commands_say_that_nothing_is_kept(client: httpx.Client) -> None:
    assert command("unknown") == (0, "no event is kept without a type\n")
    assert command("replay") == (1, "no kept event has a type\n")
    assert command("replay", "--dry-run") == (0, "no kept event has a type\n")
    assert command("replay", "Other") == (1, "Other: nothing is kept, or no event type has the name\n")


def test_they_are_forgotten_after_their_time(client: httpx.Client) -> None:
    accepted(client.post(f"/e/{KEY}", json=[invoice(1), invoice(2)]))
    now = datetime.now(UTC)
    with database().transaction() as connection:
        assert forget_unknown(connection, before=now - timedelta(minutes=5), most=10) == 0
        assert forget_unknown(connection, before=now, most=1) == 1
        assert forget_unknown(connection, before=now, most=10) == 1
        assert unknown_names(connection) == []
