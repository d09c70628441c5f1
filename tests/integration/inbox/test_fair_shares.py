"""Order within a lane, and shares between lanes."""

from uuid import UUID

import pytest
from sqlalchemy import text

from groundwork.blocks.settings import settings
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit, seconds_until_next, tidy
from groundwork.events.inbox.lanes import pause, resume
from tests.factories import register_job, set_lane_apart
from tests.integration.inbox.scored_leads import LeadLost, admitted, register, scored, start, time_passes

MODES = ("ordinary", "light")


class TestOrder:
    def test_one_that_waits_for_its_next_attempt_keeps_those_behind_it_waiting(self, db):
        register(db, ordered=True)
        first, second = scored(), scored()
        assert admitted() == [first]
        with db.transaction() as connection:
            connection.execute(
                text(
                    "UPDATE groundwork.delivery SET state = 'queued', not_before = clock_timestamp() + interval '9 s'"
                    " WHERE event_id = :id"
                ),
                {"id": first},
            )
        assert admitted() == []
        time_passes(db, 9)
        assert admitted() == [first]
        start(db, first).settle()
        assert admitted() == [second]

    def test_a_wider_lane_of_one_workspace_does_not_loosen_it(self, db):
        register(db, ordered=True)
        set_lane_apart(db, "acme", job="alert-agent", limit=5)
        for _ in range(2):
            scored()
        assert len(admitted()) == 1


class TestFairShares:
    def test_a_share_is_kept_for_interactive_jobs(self, db):
        register(db, lane=9)
        register(db, name="hot-lead", lane=9, interactive=True)
        with db.transaction() as connection:
            pause(connection, "hot-lead")
        for _ in range(6):
            scored()
        assert len(admitted(capacity=4)) == 3
        with db.transaction() as connection:
            resume(connection, "hot-lead")
        assert len(admitted(capacity=4)) == 1

    def test_where_no_job_is_interactive_nothing_is_kept(self, db):
        register(db, lane=9)
        for _ in range(6):
            scored()
        assert len(admitted(capacity=4)) == 4

    def test_the_workspace_that_holds_least_goes_first(self, db):
        register(db, lane=9)
        for _ in range(3):
            scored(workspace="acme")
        assert len(admitted(capacity=2)) == 2
        bolt = scored(workspace="bolt")
        assert admitted(capacity=3) == [bolt]

    def test_workspaces_take_turns_however_much_one_has_queued(self, db):
        register(db)
        for _ in range(20):
            scored(workspace="acme")
        for workspace in ("bolt", "core", "dune"):
            for _ in range(3):
                scored(workspace=workspace)
        order = []
        for _ in range(8):
            [one] = admit(capacity=1)
            order.append(one.workspace_id)
            start(db, one.event_id).settle()
        assert sorted(order[:4]) == sorted(order[4:]) == ["acme", "bolt", "core", "dune"]

    def test_a_heavier_workspace_gets_more_turns(self, db):
        register(db)
        set_lane_apart(db, "acme", job="alert-agent", weight=3)
        for _ in range(20):
            scored(workspace="acme")
            scored(workspace="bolt")
        order = []
        for _ in range(16):
            [one] = admit(capacity=1)
            order.append(one.workspace_id)
            start(db, one.event_id).settle()
        assert order.count("acme") == 12

    def test_a_workspace_that_was_idle_has_no_claim_on_the_past(self, db):
        register(db)
        scored(workspace="bolt")
        start(db, admitted(1)[0]).settle()
        for _ in range(10):
            scored(workspace="acme")
            start(db, admitted(1)[0]).settle()
        for _ in range(4):
            scored(workspace="acme")
            scored(workspace="bolt")
        order = []
        for _ in range(6):
            [one] = admit(capacity=1)
            order.append(one.workspace_id)
            start(db, one.event_id).settle()
        assert order.count("bolt") in (3, 4)
        tidy()


class TestManyLanes:
    def test_an_admission_walks_some_lanes_and_the_next_goes_on_from_there(self, db, monkeypatch):
        monkeypatch.setattr("groundwork.events.inbox.admission.LANES_AT_ONCE", 2)
        register(db)
        workspaces = ["acme", "bolt", "core", "dune", "echo"]
        for workspace in workspaces:
            scored(workspace=workspace)
        rounds = [[each.workspace_id for each in admit(capacity=100)] for _ in range(3)]
        assert rounds == [workspaces[:2], workspaces[2:4], workspaces[4:]]
        assert seconds_until_next() is None

    def test_the_relay_does_not_sleep_in_the_middle_of_a_walk(self, db, monkeypatch):
        monkeypatch.setattr("groundwork.events.inbox.admission.LANES_AT_ONCE", 1)
        register(db)
        scored(workspace="acme")
        scored(workspace="bolt")
        admit(capacity=100)
        assert seconds_until_next() == 0


class TestGivingWay:
    """While interactive jobs are in use, bulk runs start one by one. Light deliveries start none."""

    MODES = ("ordinary",)

    @pytest.fixture
    def alert(self, db) -> UUID:
        """An interactive event that has just been admitted, with six bulk events behind it."""
        register(db, lane=9)
        register_job(db, "hot-lead", LeadLost.event_name, lane=9, interactive=True)
        alert = send(LeadLost(workspace_id=WorkspaceId("bolt"), lead_id="ann"))
        assert admitted() == [alert]
        for _ in range(6):
            scored()
        return alert

    @pytest.mark.usefixtures("alert")
    def test_where_no_bulk_run_is_in_flight_one_starts_beside_an_interactive_one(self):
        assert [len(admitted()) for _ in range(2)] == [1, 0]

    @pytest.mark.usefixtures("alert")
    def test_where_one_is_none_starts_beside_an_interactive_one(self, db):
        admitted()
        last_admitted(db, "alert-agent", seconds_ago=1)
        assert admitted() == []

    def test_the_next_one_starts_after_a_pause_once_the_interactive_run_has_begun(self, db, alert):
        admitted()
        start(db, alert)
        assert admitted() == []
        pause = seconds_until_next()
        assert pause is not None
        assert 0 < pause <= settings().bulk_start_seconds
        last_admitted(db, "alert-agent", seconds_ago=1)
        assert len(admitted()) == 1

    def test_all_start_that_there_is_room_for_once_nothing_interactive_goes_on(self, db, alert):
        start(db, alert)
        last_admitted(db, "hot-lead", seconds_ago=settings().give_way_seconds + 1)
        assert len(admitted()) == 6


def last_admitted(db, job: str, *, seconds_ago: float) -> None:
    moment = "clock_timestamp() - make_interval(secs => :seconds)"
    with db.transaction() as connection:
        connection.execute(
            text(f"UPDATE groundwork.job SET last_admitted_at = {moment} WHERE name = :job"),
            {"job": job, "seconds": seconds_ago},
        )
