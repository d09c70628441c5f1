"""Hosts of bulk jobs give way to the start of an interactive run, and to nothing else."""

from uuid import UUID, uuid4

import pytest

from groundwork.blocks.database import Database
from groundwork.blocks.settings import settings
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.clock import advance
from groundwork.events.inbox.light_claim import claim_admitted
from tests.factories import delivery_of, flow_run_id, register_job
from tests.integration.light.light_jobs import BellWanted, CallWanted, NoteWanted


def register(db: Database, *, interactive: bool = True) -> None:
    """Tell the inbox of a job whose events have runs of their own."""
    register_job(db, "answer-call", CallWanted.event_name, lane=10, interactive=interactive)


def call() -> UUID:
    """An event that has been admitted, and whose run has not begun; the delivery's id."""
    event_id = send(CallWanted(workspace_id=WorkspaceId("bolt")))
    [admitted] = [each for each in admit(10) if each.event_id == event_id]
    return admitted.id


def begin(delivery_id: UUID) -> None:
    assert claim(delivery_id, Run(flow_run_id=flow_run_id()))


def claimed(most: int = 10, *, giving_way: bool = True) -> int:
    """How many a host gets hold of."""
    return len(claim_admitted(uuid4(), ["light-note"], most, giving_way=giving_way))


@pytest.fixture
def notes(light: Database) -> Database:
    """Light bulk deliveries of five workspaces, all of them admitted."""
    for each in range(5):
        send(NoteWanted(workspace_id=WorkspaceId(f"w{each}"), number=each))
    assert len(admit(10)) == 5
    return light


def test_nothing_is_claimed_until_the_last_interactive_run_has_begun(notes: Database):
    register(notes)
    first, second = call(), call()
    assert claimed() == 0
    begin(first)
    assert claimed() == 0
    begin(second)
    assert claimed() == 5


def test_a_host_whose_turn_it_is_claims_all_the_same(notes: Database):
    register(notes)
    call()
    assert claimed(3, giving_way=False) == 3
    assert claimed() == 0
    assert claimed(giving_way=False) == 2


def test_a_run_that_is_long_in_coming_is_not_given_way_to_for_ever(notes: Database):
    register(notes)
    call()
    with notes.transaction() as connection:
        advance(connection, settings().give_way_seconds + 1)
    assert claimed() == 5


def test_it_is_given_way_to_no_bulk_run(notes: Database):
    register(notes, interactive=False)
    call()
    assert claimed() == 5


def test_it_is_given_way_to_no_interactive_light_delivery(notes: Database):
    bell = send(BellWanted(workspace_id=WorkspaceId("bolt"), number=1))
    admit(10)
    assert delivery_of(notes, bell).state == "admitted"
    assert claimed() == 5


def test_where_nobody_is_to_give_way_nothing_is_held_back(notes: Database, monkeypatch):
    register(notes)
    call()
    never = settings().model_copy(update={"give_way_seconds": 0.0})
    monkeypatch.setattr("groundwork.events.inbox.light_claim.settings", lambda: never)
    assert claimed() == 5
