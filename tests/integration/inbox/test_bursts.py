"""A burst after a quiet time: PostgreSQL's statistics still say that nothing waits, and no look takes long for that."""

from collections.abc import Iterator
from typing import Any

import pytest

from groundwork.flows.flow_control import Batch, Debounce, Lane, Pool, Priority, Singleton, Throttle
from tests.integration.inbox.readings import count_in_a_quiet_time, counted_by_hand, look, send_many
from tests.integration.inbox.scored_leads import register, time_passes

BURST = 1_000
KINDS: dict[str, dict[str, Any]] = {
    "plain": {"lane": 50},
    "in order": {"ordered": True},
    "batch": {"lane": 5, "batch": Batch(size=50, wait=0)},
    "keyed": {"lane": (50, Lane(1, key="lead_id"))},
    "pool": {"lane": 50, "pool": Pool("stale", limit=30, per_workspace=5), "throttle": Throttle(limit=9, period=60)},
    "by a field": {"lane": 50, "priority_field": Priority("score")},
    "singleton": {"lane": 50, "singleton": Singleton(key="lead_id")},
    "skipping singleton": {"lane": 50, "singleton": Singleton(key="lead_id", mode="skip")},
    "debounce": {"lane": 50, "debounce": Debounce(seconds=5, key="lead_id")},
    "debounced batch": {"lane": 50, "debounce": Debounce(seconds=5, key="lead_id"), "batch": Batch(size=50)},
    "expiry": {"lane": 50, "expires": 5},
}


@pytest.fixture(autouse=True)
def _by_hand(db) -> Iterator[None]:
    with counted_by_hand(db):
        yield


@pytest.mark.parametrize("kind", KINDS)
def test_each_look_reads_every_delivery_a_few_times_at_most(db, kind):
    register(db, **KINDS[kind])
    count_in_a_quiet_time(db, BURST)
    send_many(db, BURST)
    for seconds in (0, 3, 3):
        time_passes(db, seconds)
        _, read = look(db)
        assert read < 20 * BURST


def test_a_look_admits_as_many_as_there_is_room_for(db):
    register(db, lane=50)
    count_in_a_quiet_time(db, BURST)
    send_many(db, BURST)
    assert look(db)[0] == 20
