"""The host of interactive jobs admits what comes for it as it claims, whatever else waits and whoever is away."""

from uuid import uuid4

import pytest

from groundwork.blocks.schema.states import DEATHS_ALONE
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.held_jobs import note_held
from groundwork.events.inbox.jobs import register_job
from groundwork.events.inbox.light_claim import Claimed, claim_admitted
from groundwork.flows.flow_control import Singleton
from groundwork.flows.job_options import JobOptions
from groundwork.flows.registry import JobSpec
from tests.factories import delivery_of, scalar
from tests.integration.inbox.scored_leads import LeadLost, register, scored, states

IN_FLIGHT = "SELECT count(*) FROM groundwork.delivery WHERE state = 'admitted'"


def register_interactive(db, *, light: bool = True, **options) -> None:
    said = JobOptions(on=LeadLost, light=light, interactive=True, **options)
    with db.transaction() as connection:
        register_job(connection, JobSpec(name="tell-agent", options=said, body=register).registration)


def lost(workspace: str = "acme", **options):
    return send(LeadLost(workspace_id=WorkspaceId(workspace), lead_id="ann"), **options)


def claimed() -> list[Claimed]:
    """What the host of interactive jobs gets hold of when it hears that something came."""
    return claim_admitted(uuid4(), ["tell-agent"], 10, admitting=True)


def test_its_own_are_admitted_and_others_keep_their_turn(db):
    register(db, light=True, lane=1)
    register(db, name="ordinary")
    register_interactive(db)
    for workspace in ("acme", "bolt", "cork"):
        scored(workspace=workspace)
    asked = lost()
    assert [each.id for each in claimed()] == [delivery_of(db, asked).id]
    assert scalar(db, IN_FLIGHT) == 0
    assert not claimed()
    assert len(admit(100)) == 6


def test_the_walk_over_the_lanes_of_others_goes_on_where_it_was(db):
    register(db, light=True)
    register_interactive(db)
    where = "SELECT walked_workspace_id FROM groundwork.job WHERE name = 'alert-agent'"
    with db.transaction() as connection:
        connection.exec_driver_sql("UPDATE groundwork.job SET walked_workspace_id = 'bolt' WHERE name = 'alert-agent'")
    lost()
    assert claimed()
    assert scalar(db, where) == "bolt"


def test_lane_limit_key_and_time_hold(db):
    register_interactive(db, lane=2, singleton=Singleton(key="lead_id", mode="skip"))
    first, second = lost(), lost()
    assert [each.id for each in claimed()] == [delivery_of(db, first).id]
    assert delivery_of(db, second).state == "cancelled"


def test_of_a_lane_there_are_no_more_than_its_limit(db):
    register_interactive(db, lane=2)
    for _ in range(3):
        lost()
    assert len(claimed()) == 2
    assert not claimed()


@pytest.mark.parametrize("held", [True, False])
def test_one_that_cannot_start_waits(db, held):
    register_interactive(db)
    lost()
    note_held({"tell-agent": "Its deployment is paused."} if held else {})
    assert len(claimed()) == (0 if held else 1)


def test_an_ordinary_interactive_job_is_left_to_the_relay(db):
    register_interactive(db, light=False)
    lost()
    assert not claimed()
    assert states(db) == ["queued"]
    assert len(admit(1)) == 1


@pytest.mark.parametrize("ordered", [True, False])
def test_what_is_to_be_run_alone_is_left_to_the_relay_which_asks_for_its_run(db, ordered):
    register_interactive(db, ordered=ordered, **{} if ordered else {"lane": 2})
    suspect, other = lost(), lost()
    with db.transaction() as connection:
        connection.exec_driver_sql(
            f"UPDATE groundwork.delivery SET deaths = {DEATHS_ALONE} WHERE event_id = '{suspect}'"
        )
    assert [each.id for each in claimed()] == ([] if ordered else [delivery_of(db, other).id])
    [left] = admit(1)
    assert (left.event_id, left.light) == (suspect, False)
