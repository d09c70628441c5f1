"""A look leaves out what it cannot admit, and admits what it would have admitted had it looked at everything."""

import random
from typing import Any

import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox.accept import NewEvent, accept
from groundwork.events.inbox.admission import admit
from groundwork.flows.flow_control import Batch, Lane, Singleton, Throttle
from tests.factories import register_job, set_lane_apart
from tests.integration.inbox.plain_admission import PlainAdmission
from tests.integration.inbox.scored_leads import LeadLost, LeadScored, admitted, register, start

WORKSPACES = ["acme", "bolt", "cork", "dune", "echo", "fern", "gale"]
KINDS: dict[str, dict[str, Any]] = {
    "wide": {"lane": 50},
    "narrow": {"lane": 2},
    "urgent": {"lane": 3, "priority": 5},
    "interactive": {"lane": 4, "interactive": True, "priority": 5},
    "calm": {"lane": 9, "interactive": True},
    "by-score": {"lane": 6, "priority_field": "score"},
    "keyed": {"lane": (20, Lane(1, key="lead_id"))},
    "single": {"lane": 20, "singleton": Singleton(key="lead_id")},
    "together": {"lane": 5, "batch": Batch(size=3, wait=0)},
    "in-order": {"ordered": True},
}


def backlog(db: Database, chance: random.Random) -> None:
    """Some of the jobs, with much, little or nothing in each lane."""
    names = chance.sample(sorted(KINDS), chance.choice([1, 2, 3, 4]))
    for name in names:
        register(db, name=name, **KINDS[name])
        for workspace in WORKSPACES:
            if chance.random() < 0.3:
                set_lane_apart(db, workspace, job=name, weight=chance.choice([0.3, 1, 2, 7]))
            if chance.random() < 0.1:
                set_lane_apart(db, workspace, job=name, limit=chance.choice([1, 3]))
    events = [
        LeadScored(workspace_id=WorkspaceId(workspace), lead_id=chance.choice("abc"), score=chance.choice([0, 0, 0, 9]))
        for workspace in chance.sample(WORKSPACES, chance.choice([1, 4, 7, 7]))
        for _ in range(chance.choice([1, 2, 12]))
    ]
    chance.shuffle(events)
    for workspace in ("", *chance.sample(WORKSPACES, 3)):
        served = chance.choice([0, 1, 1, 2, 3.5])
        statement = "INSERT INTO groundwork.fair_share (workspace_id, served) VALUES (:workspace, :served)"
        with db.transaction() as connection:
            connection.execute(text(statement), {"workspace": workspace, "served": served})
    with db.transaction() as connection:
        accept(connection, [NewEvent.of(event, source="test") for event in events])
        connection.execute(text("SELECT setseed(:seed)"), {"seed": chance.random()})
        connection.execute(text("UPDATE groundwork.delivery SET state = 'done' WHERE random() < 0.3"))
        empty = "UPDATE groundwork.delivery SET state = 'done' WHERE job = :job AND workspace_id = :workspace"
        for name in names[1:]:
            for workspace in WORKSPACES:
                if chance.random() < 0.5:
                    connection.execute(text(empty), {"job": name, "workspace": workspace})


def start_some(db: Database, chance: random.Random) -> None:
    """Let some of what was admitted run and some of it end; others count as in flight from now on."""
    with db.transaction() as connection:
        runs = (
            "SELECT coalesce(batch_id, id) FROM groundwork.delivery WHERE state = 'admitted'"
            " GROUP BY 1 ORDER BY min(sequence)"
        )
        ended = [each for each in connection.execute(text(runs)).scalars() if chance.random() < 0.5]
        settle = "UPDATE groundwork.delivery SET state = 'done' WHERE id = ANY(:ended) OR batch_id = ANY(:ended)"
        connection.execute(text(settle), {"ended": ended})
        # No job gives way to others here.
        connection.execute(text("UPDATE groundwork.job SET last_admitted_at = NULL"))


# The last ones have lanes of one workspace that weigh differently.
@pytest.mark.parametrize("seed", [*range(30), 3245, 3260])
def test_who_goes_next_is_who_would_go_if_all_that_waits_were_looked_at(db, seed):
    chance = random.Random(seed)
    backlog(db, chance)
    for _ in range(5):
        capacity = chance.choice([1, 2, 3, 5, 6, 8, 12, 40])
        expected = PlainAdmission(db, capacity).turns()
        assert {each.id for each in admit(capacity)} == expected
        start_some(db, chance)


def waiting(db: Database, workspace: str, number: int, kind: type[Event] = LeadScored) -> None:
    """Let that many deliveries of a workspace wait."""
    events = [kind(workspace_id=WorkspaceId(workspace), lead_id="ann") for _ in range(number)]  # type: ignore[call-arg]
    with db.transaction() as connection:
        accept(connection, [NewEvent.of(event, source="test") for event in events])


def workspaces(capacity: int) -> list[str]:
    return sorted(each.workspace_id for each in admit(capacity))


class TestRoomIsUsed:
    """What stands first in its lane and may not start keeps no room from those behind others."""

    @pytest.fixture(autouse=True)
    def plain(self, db):
        register_job(db, "plain", LeadLost.event_name, lane=9)

    def test_where_other_lanes_are_short(self, db):
        waiting(db, "acme", 30, LeadLost)
        waiting(db, "bolt", 1, LeadLost)
        assert workspaces(8) == ["acme"] * 7 + ["bolt"]

    def test_where_other_lanes_are_at_a_limit_of_theirs(self, db):
        register(db, throttle=Throttle(limit=1, period=60, key="lead_id"), lane=9)
        for workspace in ("acme", "bolt"):
            waiting(db, workspace, 2)
            start(db, admitted(1)[0]).settle()
        waiting(db, "core", 3, LeadLost)
        assert workspaces(2) == ["core", "core"]

    def test_where_other_lanes_are_full(self, db):
        register(db, priority=5)
        waiting(db, "acme", 2)
        start(db, admitted(1)[0])
        waiting(db, "core", 3, LeadLost)
        assert workspaces(3) == ["core", "core"]

    def test_where_others_with_priority_hold_much(self, db):
        register(db, priority=5, lane=9)
        waiting(db, "acme", 3)
        for event_id in admitted(3):
            start(db, event_id)
        waiting(db, "acme", 1)
        waiting(db, "core", 3, LeadLost)
        assert workspaces(5) == ["acme", "core"]
