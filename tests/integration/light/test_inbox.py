"""What the inbox knows of light jobs and hosts: who is asked for, who claims, who is alive, what is written down."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.blocks.errors import StaleAttempt
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import LightCapacity, admit
from groundwork.events.inbox.clock import advance
from groundwork.events.inbox.group_writer import Execution, GroupWriter
from groundwork.events.inbox.host_renewal import HostHold
from groundwork.events.inbox.hosts import (
    ask_for_hosts,
    begin_host,
    drop_ask,
    end_host,
    end_hosts,
    held_by,
    hosts,
    overdue_asks,
    tell_of_host,
)
from groundwork.events.inbox.light_claim import claim_admitted, kept_results, still_held
from groundwork.events.inbox.outcomes import Outcome
from groundwork.events.inbox.redelivery import give_back, overdue
from groundwork.events.inbox.renewal import Renewal
from groundwork.events.inbox.runs import EndedRun, alive, in_flight_of, runs_by_job
from tests.factories import delivery_of, register_job, scalar, send_many
from tests.integration.light.light_jobs import BellWanted, NoteWanted

JOBS = ["light-note"]
Admitted = Callable[..., list[UUID]]


def begun(delivery_id: UUID) -> UUID:
    """The flow run of a host that has begun."""
    flow_run_id = uuid4()
    assert begin_host(flow_run_id, delivery_id, JOBS) is True
    return flow_run_id


def asked_with(db: Database) -> UUID:
    """The delivery with which the one host was asked for: any of those that were admitted at once."""
    with db.transaction() as connection:
        [delivery_id] = connection.execute(text("SELECT delivery_id FROM groundwork.light_host")).scalars()
    return delivery_id  # type: ignore[no-any-return]


def expire(db: Database, table: str) -> None:
    with db.transaction() as connection:
        connection.execute(text(f"UPDATE groundwork.{table} SET lease_expires_at = clock_timestamp() - interval '1 s'"))


def test_light_deliveries_are_admitted_by_the_hosts_capacity_and_others_by_the_pools(light: Database):
    register_job(light, lane=10)
    send_many(light, "acme", 5)
    for each in range(5):
        send(NoteWanted(workspace_id=f"w{each}", number=each))
    assert [each.light for each in admit(2, light=LightCapacity(3, 0.0))].count(True) == 3
    assert scalar(light, "SELECT count(*) FROM groundwork.delivery WHERE state = 'admitted'") == 5


def test_bulk_light_work_leaves_room_for_interactive_light_work(light: Database):
    for each in range(20):
        send(NoteWanted(workspace_id=f"w{each}", number=each))
    assert len(admit(1, light=LightCapacity(8, 0.5))) == 4
    send(BellWanted(workspace_id="acme", number=1))
    assert [each.job for each in admit(1, light=LightCapacity(8, 0.5))] == ["light-bell"]


def test_a_host_is_asked_for_once_and_takes_no_place_of_other_runs(light: Database, admitted: Admitted):
    ids = admitted(3)
    [asked] = ask_for_hosts()
    assert asked.id in ids
    assert (asked.job, asked.dispatches) == ("light-note", 1)
    assert ask_for_hosts() == []
    begun(asked.id)
    assert ask_for_hosts() == []
    register_job(light, lane=10)
    send_many(light, "acme", 3)
    assert len([each for each in admit(2) if not each.light]) == 2


def test_interactive_jobs_have_a_host_of_their_own(light: Database, admitted: Admitted):
    admitted(1)
    send(BellWanted(workspace_id="acme", number=1))
    admit(10)
    assert {each.job for each in ask_for_hosts()} == {"light-note", "light-bell"}


def test_a_host_that_does_not_come_is_asked_for_again_by_another_event(light: Database, admitted: Admitted):
    admitted(1)
    ask_for_hosts()
    with light.transaction() as connection:
        connection.execute(text("UPDATE groundwork.light_host SET asked_at = asked_at - interval '1 hour'"))
    [ask] = overdue_asks()
    assert ask.job == "light-note"
    drop_ask(ask)
    [again] = ask_for_hosts()
    assert again.dispatches == 2


def test_a_host_whose_run_ended_before_it_began_is_asked_for_again(light: Database, admitted: Admitted):
    [delivery_id] = admitted(1)
    ask_for_hosts()
    end_hosts([EndedRun(uuid4(), delivery_id, datetime.now(UTC))])
    assert len(ask_for_hosts()) == 1


def test_a_job_that_no_host_has_the_code_of_gets_one_that_has(light: Database, admitted: Admitted):
    [delivery_id] = admitted(1)
    ask_for_hosts()
    begin_host(uuid4(), delivery_id, ["another-job"])
    assert [each.job for each in ask_for_hosts()] == ["light-note"]


def test_another_host_is_asked_for_where_there_may_be_more(light: Database, admitted: Admitted, monkeypatch):
    admitted(3)
    ask_for_hosts()
    begun(asked_with(light))
    with light.transaction() as connection:
        advance(connection, 2)
    assert ask_for_hosts() == []
    monkeypatch.setattr("groundwork.events.inbox.hosts.settings", lambda: _two_hosts())
    assert len(ask_for_hosts()) == 1


def _two_hosts():
    from groundwork.blocks.settings import settings

    return settings().model_copy(update={"light_hosts": 2})


def test_a_run_that_nobody_asked_for_as_a_host_is_none(light: Database, admitted: Admitted):
    [delivery_id] = admitted(1)
    assert begin_host(uuid4(), delivery_id, JOBS) is None


def test_two_hosts_share_what_is_admitted(light: Database, admitted: Admitted):
    ids = admitted(20)
    one, other = uuid4(), uuid4()
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda number: claim_admitted((one, other)[number % 2], JOBS, 3), range(10)))
    taken = [each.id for claimed in claims for each in claimed]
    assert sorted(taken) == sorted(ids)


def test_what_was_admitted_first_is_claimed_first(light: Database, admitted: Admitted):
    early = admitted(3)
    admitted(3)
    assert {each.id for each in claim_admitted(uuid4(), JOBS, 3)} == set(early)


def test_a_batch_is_claimed_as_one(light: Database):
    register_job(light, batch_size=3, lane=5, light=True)
    send_many(light, "acme", 3)
    admit(10)
    [claimed] = claim_admitted(uuid4(), ["process-csv"], 5)
    assert len(claimed.deliveries) == 3
    assert scalar(light, "SELECT count(*) FROM groundwork.delivery WHERE state = 'running'") == 3
    assert scalar(light, "SELECT count(*) FROM groundwork.delivery WHERE lease_expires_at IS NOT NULL") == 1


def test_the_leases_of_a_host_are_renewed_together_and_it_is_alive(light: Database, admitted: Admitted):
    admitted(3)
    ask_for_hosts()
    host = begun(asked_with(light))
    claim_admitted(host, JOBS, 3)
    expire(light, "delivery")
    expire(light, "light_host")
    assert alive([host], grace_seconds=1) == {host: False}
    assert HostHold(host, 60.0).renew(light) is Renewal.RENEWED
    assert overdue() == []
    assert alive([host], grace_seconds=1) == {host: True}
    end_host(host)
    assert HostHold(host, 60.0).renew(light) is Renewal.LOST
    assert tell_of_host(host, in_use=0, settled=0, leaving=False).known is False


def test_a_host_that_leaves_hears_of_its_successor(light: Database, admitted: Admitted):
    admitted(2)
    ask_for_hosts()
    leaving = begun(asked_with(light))
    assert tell_of_host(leaving, in_use=1, settled=2, leaving=True).succeeded is False
    [asked] = ask_for_hosts()
    begun(asked.id)
    assert tell_of_host(leaving, in_use=1, settled=2, leaving=True).succeeded is True
    with light.transaction() as connection:
        assert [(each.in_use, each.leaving_at is not None) for each in hosts(connection)] == [(1, True), (0, False)]


def test_all_that_a_host_held_when_it_died_is_found(light: Database, admitted: Admitted):
    admitted(4)
    ask_for_hosts()
    asked = asked_with(light)
    host = begun(asked)
    claim_admitted(host, JOBS, 3)
    found = in_flight_of([EndedRun(host, asked, datetime.now(UTC))])
    assert len(found) == 3
    assert all(each.on_host for each in found)


def test_what_is_given_back_is_queued_and_counts_as_dead_where_its_host_died_of_it(light: Database, admitted: Admitted):
    admitted(2)
    one, other = claim_admitted(uuid4(), JOBS, 2)
    give_back(one.id, 1, "Attempt 1 hung.", died=True)
    give_back(other.id, 1, "Attempt 1 was interrupted.")
    give_back(other.id, 1, "Attempt 1 was interrupted once more.")
    with light.transaction() as connection:
        found = connection.execute(text("SELECT * FROM groundwork.delivery")).all()
    rows = {row.id: (row.state, row.deaths, row.last_error) for row in found}
    assert rows == {
        one.id: ("queued", 1, "Attempt 1 hung."),
        other.id: ("queued", 0, "Attempt 1 was interrupted."),
    }


def test_what_has_died_twice_is_no_hosts_any_more(light: Database, admitted: Admitted):
    [delivery_id] = admitted(1)
    with light.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET deaths = 2, state = 'queued'"))
    [again] = admit(10)
    assert (again.id, again.light) == (delivery_id, False)
    assert claim_admitted(uuid4(), JOBS, 1) == []
    assert ask_for_hosts() == []


def test_what_a_host_does_not_know_of_is_held_by_it_all_the_same(light: Database, admitted: Admitted):
    admitted(1)
    host = uuid4()
    [claimed] = claim_admitted(host, JOBS, 1)
    assert held_by(host) == set()
    with light.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET claimed_at = claimed_at - interval '1 minute'"))
    assert held_by(host) == {(claimed.id, 1)}
    assert still_held([(claimed.id, 1), (claimed.id, 2)]) == {claimed.id}


@pytest.fixture
def writer():
    made = GroupWriter()
    made.start()
    yield made
    made.stop()


def execution(number: int, work: str | None = "note:1", result: str | None = '"done"') -> Execution:
    now = datetime.now(UTC)
    return Execution(number, "note", work, now, now, 1, None, result)


def test_what_many_attempts_write_is_written_each_under_its_own_fence(light: Database, admitted: Admitted, writer):
    admitted(30)
    claimed = claim_admitted(uuid4(), JOBS, 30)
    with light.transaction() as connection:
        connection.execute(
            text("UPDATE groundwork.delivery SET attempt = 2 WHERE id = ANY(:ids)"),
            {"ids": [each.id for each in claimed[:10]]},
        )
    kept = [writer.keep((each.id, 1), [execution(1)]) for each in claimed]
    ended = [
        writer.settle((each.id, 1), [execution(2, "note:2")], [Outcome.of(each.id, {"text": "a\\u0000b"})], None)
        for each in claimed
    ]
    for number, written in enumerate(zip(kept, ended, strict=True)):
        for each in written:
            assert isinstance(each.exception(10), StaleAttempt) is (number < 10)
    assert scalar(light, "SELECT count(*) FROM groundwork.delivery WHERE state = 'done'") == 20
    assert scalar(light, "SELECT count(*) FROM groundwork.step_execution") == 40
    with light.transaction() as connection:
        assert kept_results(connection, [claimed[20].id]) == {claimed[20].id: {"note:1": '"done"', "note:2": '"done"'}}


def test_one_that_cannot_be_written_costs_no_other_its_own(light: Database, admitted: Admitted, writer):
    admitted(3)
    claimed = claim_admitted(uuid4(), JOBS, 3)
    texts = ('"good"', '"bad\u0000"', '"good"')
    kept = [
        writer.keep((each.id, 1), [execution(1, result=result)]) for each, result in zip(claimed, texts, strict=True)
    ]
    assert [each.exception(10) is None for each in kept] == [True, False, True]


def test_a_settlement_whose_answer_was_lost_is_recognised(light: Database, admitted: Admitted, writer):
    admitted(1)
    [claimed] = claim_admitted(uuid4(), JOBS, 1)
    for _ in range(2):
        writer.settle((claimed.id, 1), [execution(1)], [Outcome.of(claimed.id, 1)], None).result(10)
    assert delivery_of(light, claimed.deliveries[0].event_id).result == 1


def test_of_several_hosts_that_were_asked_for_so_many_begin_as_there_may_be(light: Database, admitted: Admitted):
    both = set(admitted(2))
    ask_for_hosts()
    first = asked_with(light)
    [second] = both - {first}
    with light.transaction() as connection:
        connection.execute(
            text("INSERT INTO groundwork.light_host (interactive, delivery_id, dispatches) VALUES (false, :id, 1)"),
            {"id": second},
        )
    begun(first)
    superfluous = uuid4()
    assert begin_host(superfluous, second, JOBS) is False
    assert tell_of_host(superfluous, in_use=0, settled=0, leaving=False).known is False


def test_deliveries_of_a_host_have_one_run(light: Database):
    for each in range(3):
        send(NoteWanted(workspace_id="acme", number=each))
    send(NoteWanted(workspace_id="other", number=1))
    with light.transaction() as connection:
        connection.execute(text("UPDATE groundwork.job SET lane_limit = 10"))
    admit(10, light=LightCapacity(10, 0.0))
    ask_for_hosts()
    host = begun(asked_with(light))
    claim_admitted(host, JOBS, 10)
    with light.transaction() as connection:
        assert runs_by_job(connection, WorkspaceId("acme"), [*JOBS, "light-bell"]) == {"light-note": (1, host)}
        assert runs_by_job(connection, WorkspaceId("nobody"), JOBS) == {}
