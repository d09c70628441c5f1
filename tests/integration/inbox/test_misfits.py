"""A stored event that does not fit its type fails alone and at once, and names the field."""

from enum import StrEnum
from typing import Any

import pytest
from pydantic import model_validator

from groundwork.deployments.relay.decision import End
from groundwork.deployments.relay.redelivery import carry_out
from groundwork.events import base
from groundwork.events.base import Event
from groundwork.events.inbox import claim
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.dead_letters import dead_letters, replay
from groundwork.events.inbox.redelivery import overdue, requeue
from groundwork.flows import registry
from groundwork.flows.flow_control import Batch
from groundwork.flows.job_options import JobOptions
from groundwork.flows.registry import JobSpec
from tests.factories import delivery_of, flow_run_id, register_job
from tests.integration.inbox.scored_leads import LeadScored, admitted, register, scored, states, time_passes
from tests.integration.inbox.stored_events import claimed, lead, stored

MODES = ("ordinary", "light")


class Colour(StrEnum):
    RED = "red"


class Painted(Event, name="test/lead.painted"):
    colour: Colour
    rows: tuple[dict[str, int], ...] = ()

    @model_validator(mode="after")
    def _check(self) -> "Painted":
        if self.rows:
            raise KeyError("a validator of one's own\0")
        return self


MISFITS: dict[str, tuple[Any, str]] = {
    "field removed": (lead(phone="1"), "phone: Extra inputs are not permitted"),
    "type changed": (lead(score="high"), "score: Input should be a valid integer"),
    "new required field": ({"workspaceId": "acme", "score": 1}, "leadId: Field required"),
    "workspace of another form": (lead(workspaceId=7), "workspaceId: Input should be a valid string"),
    "no object": ([1, 2], "Input should be a valid dictionary"),
    "a text": ("ann", "Input should be a valid dictionary"),
    "several": ({"workspaceId": "acme", "x": 1, "score": "high"}, "leadId: Field required; score: "),
}


@pytest.mark.parametrize(("data", "told"), MISFITS.values(), ids=MISFITS)
def test_it_is_a_dead_letter_after_one_claim_that_names_the_field_and_the_cure(db, data: Any, told: str):
    register(db)
    event_id = stored(db, data)
    admitted()
    found = claimed(db, event_id)
    assert found.members == []
    [misfit] = found.ended_misfits
    dead = delivery_of(db, event_id)
    assert (dead.state, dead.attempt) == ("failed", 1)
    assert dead.last_error.startswith("EventMisfit: The stored event test/lead.scored does not fit its type")
    assert told in dead.last_error
    assert "docs/jobs.md" in dead.last_error
    assert "`groundwork dead replay`" in dead.last_error
    assert (misfit.event.workspace_id, misfit.event.data) == ("acme", data)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"workspaceId": "acme", "colour": "green"}, "colour: Input should be 'red'"),
        ({"workspaceId": "acme", "colour": "red", "rows": [{}, {"a": "x"}]}, "rows[1].a: Input should be a valid int"),
        ({"workspaceId": "acme", "colour": "red", "rows": [{}]}, "a validator of Painted raises KeyError: "),
    ],
    ids=["enum value gone", "within a list", "a validator that breaks"],
)
def test_whatever_pydantic_and_validators_say_is_told(db, data: Any, told: str):
    register_job(db, "paint", "test/lead.painted")
    event_id = stored(db, data, name="test/lead.painted")
    admitted()
    claimed(db, event_id, Painted)
    assert told in delivery_of(db, event_id).last_error


def test_an_event_whose_type_is_gone_says_so_and_suggests_the_nearest(db):
    register_job(db, "old-job", "test/lead.scord")
    event_id = stored(db, lead(), name="test/lead.scord")
    admitted()
    claimed(db, event_id)
    error = delivery_of(db, event_id).last_error
    assert "there is no such type (unknown event 'test/lead.scord', did you mean 'test/lead.scored'" in error
    assert "GROUNDWORK_APPLICATIONS" in error


def test_an_event_of_another_type_than_the_job_listens_to_now_says_so(db):
    register(db)
    event_id = scored()
    admitted()
    claimed(db, event_id, Painted)
    assert (
        "test/lead.painted (Painted) is wanted, and LeadScored is no such event" in delivery_of(db, event_id).last_error
    )


def test_a_type_that_was_renamed_is_read_by_a_subclass_of_the_old_name(db, monkeypatch):
    monkeypatch.setattr(base, "_registry", dict(base._registry))

    class LeadRated(Event, name="test/lead.rated"):
        lead_id: str
        score: int = 0

    class LeadGraded(LeadRated, name="test/lead.graded"):
        """The old name."""

    register_job(db, "rate", "test/lead.graded")
    event_id = stored(db, lead(), name="test/lead.graded")
    admitted()
    assert isinstance(claimed(db, event_id, LeadRated).event, LeadRated)


class TestBatch:
    @pytest.fixture(autouse=True)
    def batches(self, db):
        register(db, batch=Batch(size=3, wait=0))

    def batch(self, db, *data: Any) -> list[Any]:
        events = [stored(db, each) for each in data]
        admitted()
        return events

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_it_fails_alone_wherever_it_stands(self, db, place):
        events = self.batch(db, *(lead(score="x") if n == place else lead(score=n) for n in range(3)))
        found = claimed(db, events[0])
        fitting = [n for n in range(3) if n != place]
        assert [each.event.score for each in found.members] == fitting
        assert found.delivery_id == delivery_of(db, events[0]).id
        found.settle_each([f"done {n}" for n in fitting])
        assert [delivery_of(db, each).state for each in events] == [
            "failed" if n == place else "done" for n in range(3)
        ]
        assert "score: " in delivery_of(db, events[place]).last_error
        assert [delivery_of(db, events[n]).result for n in fitting] == [f"done {n}" for n in fitting]

    def test_it_is_a_dead_letter_before_the_others_have_begun(self, db):
        events = self.batch(db, lead(), lead(score="x"), lead())
        claimed(db, events[0])
        assert states(db) == ["running", "failed", "running"]

    def test_the_first_keeps_the_fence_of_the_others_until_they_end(self, db):
        events = self.batch(db, lead(score="x"), lead(), lead())
        found = claimed(db, events[0])
        assert not found.ended_misfits
        assert states(db) == ["running"] * 3
        with db.transaction() as connection:
            found.keep_fence(connection)
        found.fail(ValueError("the rest"))
        assert "EventMisfit" in delivery_of(db, events[0]).last_error
        assert delivery_of(db, events[1]).last_error == "ValueError: the rest"

    def test_a_batch_of_misfits_ends_at_once(self, db):
        events = self.batch(db, *[lead(score="x")] * 3)
        found = claimed(db, events[0])
        assert found.members == []
        assert len(found.ended_misfits) == 3
        assert states(db) == ["failed"] * 3

    def test_a_run_that_dies_takes_the_others_to_its_next_attempt_and_not_the_misfit(self, db):
        events = self.batch(db, lead(), lead(score="x"), lead())
        claimed(db, events[0])
        time_passes(db, 3_600)
        [died] = overdue()
        requeue(died, "it died", tries=1)
        admitted()
        found = claimed(db, events[0])
        assert [each.event_id for each in found.members] == [events[0], events[2]]
        assert not found.ended_misfits
        assert delivery_of(db, events[1]).attempt == 1

    def test_the_same_run_that_claims_again_leaves_the_misfit_dead(self, db):
        events = self.batch(db, lead(), lead(score="x"), lead())
        run = Run(flow_run_id=flow_run_id())
        leader = delivery_of(db, events[0]).id
        assert len(claim(leader, run, LeadScored).ended_misfits) == 1
        assert not claim(leader, run, LeadScored).ended_misfits
        assert [delivery_of(db, each).attempt for each in events] == [2, 1, 2]


class Forgiving(LeadScored):
    """What reads the old events, too."""

    score: Any = 0


@pytest.mark.parametrize("place", [0, 1])
def test_it_runs_when_it_is_replayed_after_the_code_was_mended(db, place, monkeypatch):
    register(db, batch=Batch(size=2, wait=0))
    events = [stored(db, lead(score="high") if n == place else lead()) for n in range(2)]
    admitted()
    claimed(db, events[0]).settle()
    monkeypatch.setitem(base._registry, "test/lead.scored", Forgiving)
    with db.transaction() as connection:
        assert len(replay(connection, dead_letters(connection))) == 1
    assert admitted() == [events[place]]
    found = claimed(db, events[place], Forgiving)
    assert found.event.score == "high"
    found.settle()
    assert states(db) == ["done", "done"]


def test_a_hook_gets_what_is_stored_when_the_relay_ends_a_misfit(db, monkeypatch):
    told = []
    options = JobOptions(on=LeadScored, on_failure=lambda event, error: told.append((event, str(error))))
    monkeypatch.setitem(registry._jobs, "alert-agent", JobSpec(name="alert-agent", options=options, body=register))
    register(db, batch=Batch(size=2, wait=0))
    events = [stored(db, lead(score="x")), stored(db, lead(score=7))]
    admitted()
    time_passes(db, 3_600)
    [unclaimed] = overdue()
    carry_out(unclaimed, End("failed", "No run claimed it."))
    assert [delivery_of(db, each).state for each in events] == ["failed", "failed"]
    assert {event.score for event, _ in told} == {7, "x"}
    assert {event.lead_id for event, _ in told} == {"ann"}
    assert {error for _, error in told} == {"No run claimed it."}


def test_a_claim_that_is_asked_for_no_type_gets_whatever_fits_its_own(db):
    register(db)
    event_id = stored(db, lead(score="x"))
    admitted()
    attempt = claim(delivery_of(db, event_id).id, Run(flow_run_id=flow_run_id()))
    assert attempt is not None
    assert attempt.members == []
