"""Dead letters are listed, replayed behind what waits, and run as the same delivery."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from groundwork.blocks.errors import UnknownName
from groundwork.events.inbox import claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.dead_letters import dead_letters, replay
from tests.factories import csv_import_confirmed, delivery_of, flow_run_id, register_job, scalar

MODES = ("ordinary", "light")


def die(db, import_id: str = "import-1", workspace: str = "acme", error: str = "the provider is away"):
    """A delivery that has failed for good."""
    event_id = send(csv_import_confirmed(import_id, workspace))
    admit(capacity=100)
    delivery = delivery_of(db, event_id)
    claim(delivery.id, Run(flow_run_id=flow_run_id())).fail(ConnectionError(error))
    return delivery_of(db, event_id)


def found(db, **conditions):
    with db.transaction() as connection:
        return dead_letters(connection, **conditions)


def replayed(db, **conditions):
    with db.transaction() as connection:
        return replay(connection, dead_letters(connection, **conditions))


def test_dead_letters_are_listed_with_their_error_the_latest_first(db):
    register_job(db)
    first, second = die(db, "import-1"), die(db, "import-2", error="the disk is full")
    assert [each.id for each in found(db)] == [second.id, first.id]
    assert found(db)[0].last_error == "ConnectionError: the disk is full"


def test_they_are_found_by_job_workspace_time_delivery_and_event(db):
    register_job(db)
    acme, bolt = die(db, workspace="acme"), die(db, workspace="bolt")
    now = datetime.now(UTC)
    assert {each.id for each in found(db, job="process-csv")} == {acme.id, bolt.id}
    assert [each.id for each in found(db, workspace_id="bolt")] == [bolt.id]
    assert len(found(db, since=now - timedelta(hours=1))) == 2
    assert found(db, since=now + timedelta(hours=1)) == []
    assert [each.id for each in found(db, ids=[acme.id])] == [acme.id]
    assert [each.id for each in found(db, ids=[bolt.event_id])] == [bolt.id]
    assert len(found(db, most=1)) == 1


def test_a_misspelt_job_is_answered_with_the_right_one(db):
    register_job(db)
    with pytest.raises(UnknownName, match="did you mean 'process-csv'"):
        found(db, job="proces-csv")


def test_a_replayed_delivery_waits_behind_what_its_lane_holds_and_keeps_its_error_until_it_ends(db):
    register_job(db)
    dead = die(db)
    waiting = send(csv_import_confirmed("import-2"))
    assert replayed(db) == [dead.id]
    assert delivery_of(db, dead.event_id).last_error == dead.last_error
    assert [each.event_id for each in admit(capacity=1)] == [waiting]
    claim(delivery_of(db, waiting).id, Run(flow_run_id=flow_run_id())).settle()
    [again] = admit(capacity=1)
    assert again.id == dead.id
    claim(dead.id, Run(flow_run_id=flow_run_id())).settle("done at last")
    settled = delivery_of(db, dead.event_id)
    assert (settled.state, settled.result, settled.last_error) == ("done", "done at last", None)


def test_replays_keep_their_old_order_among_themselves(db):
    register_job(db, lane=3)
    dead = [die(db, f"import-{n}").id for n in range(3)]
    replayed(db)
    with db.transaction() as connection:
        order = connection.execute(text("SELECT id FROM groundwork.delivery ORDER BY sequence")).scalars().all()
    assert order == dead


def test_a_replay_gives_new_attempts_and_never_an_old_fencing_token(db):
    register_job(db, max_attempts=2)
    dead = die(db)
    replayed(db)
    [again] = admit(capacity=1)
    attempt = claim(again.id, Run(flow_run_id=flow_run_id()))
    assert attempt.token == dead.attempt + 1
    assert delivery_of(db, dead.event_id).max_attempts == max(dead.attempt, dead.dispatches) + 2


def test_the_failed_run_cannot_claim_what_was_replayed_and_done(db):
    register_job(db)
    dead = die(db)
    replayed(db)
    admit(capacity=1)
    claim(dead.id, Run(flow_run_id=flow_run_id())).settle()
    assert claim(dead.id, Run(flow_run_id=dead.flow_run_id)) is None


def test_what_is_not_dead_is_not_replayed(db):
    register_job(db)
    event_id = send(csv_import_confirmed())
    assert replayed(db, ids=[event_id]) == []
    assert delivery_of(db, event_id).state == "queued"


def test_a_second_replay_of_the_same_letters_does_nothing(db):
    register_job(db)
    die(db)
    letters = found(db)
    for expected in (1, 0):
        with db.transaction() as connection:
            assert len(replay(connection, letters)) == expected


@pytest.mark.parametrize(("together", "kept"), [(True, 2), (False, 0)])
def test_a_batch_stays_one_if_all_of_it_is_replayed(db, together, kept):
    register_job(db, lane=2)
    dead = [die(db, f"import-{n}") for n in range(2)]
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET batch_id = :leader"), {"leader": dead[0].id})
    replayed(db, ids=[each.id for each in dead] if together else [dead[1].id])
    assert (
        scalar(db, "SELECT count(*) FROM groundwork.delivery WHERE state = 'queued' AND batch_id IS NOT NULL") == kept
    )


def test_an_unknown_id_finds_nothing(db):
    assert found(db, ids=[uuid4()]) == []
