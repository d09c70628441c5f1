"""However versions of readings come, the same state is stored: late, twice, corrected, deleted, out of order."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from groundwork.tasks.fitness.readings.reading import Reading
from groundwork.tasks.fitness.readings.store import write_readings

BEGIN = datetime(2026, 11, 20, 8, tzinfo=UTC)


def version(member: str, key: str, at: int, value: int | None, day: int) -> Reading:
    moment = BEGIN + timedelta(seconds=at)
    if value is None:
        return Reading(member, "oura", "hrv_rmssd", key, moment, deleted=True)
    measured = BEGIN - timedelta(days=day)
    return Reading(member, "oura", "hrv_rmssd", key, moment, measured, measured.date(), float(value))


VERSIONS = st.builds(
    version,
    st.sampled_from(["ada", "bob"]),
    st.sampled_from(["n1", "n2"]),
    st.integers(0, 4),
    st.none() | st.integers(1, 3),
    st.integers(0, 2),
)


@pytest.fixture
def gym_of_two(members):
    members("ada", "bob")


def stored(db) -> list[tuple[object, ...]]:
    query = (
        "SELECT member_id, external_id, updated_at, deleted, value, measured_at, day FROM fitness.reading ORDER BY 1, 2"
    )
    with db.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def model(versions: list[Reading]) -> list[tuple[object, ...]]:
    """The version of each reading that its provider made last."""

    def order(each: Reading) -> tuple[object, ...]:
        none = datetime(1, 1, 1, tzinfo=UTC)
        return (*each.version, each.measured_at or none, each.day or none.date())

    newest: dict[tuple[str, str], Reading] = {}
    for each in sorted(versions, key=order):
        newest[(each.member_id, each.external_id)] = each
    return [
        (each.member_id, each.external_id, each.updated_at, each.deleted, each.value, each.measured_at, each.day)
        for _, each in sorted(newest.items())
    ]


@given(st.lists(VERSIONS, min_size=1, max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_order_and_grouping_and_repetition_ends_in_the_same_state(
    db, gym_of_two, versions: list[Reading], order: random.Random
):
    repeated = versions + order.sample(versions, order.randint(0, len(versions)))
    order.shuffle(repeated)
    with db.transaction() as connection:
        connection.execute(text("TRUNCATE fitness.reading"))
    while repeated:
        size = order.randint(1, len(repeated))
        group, repeated = repeated[:size], repeated[size:]
        with db.transaction() as connection:
            write_readings(connection, "acme", group)
    assert stored(db) == model(versions)


def test_a_repeat_changes_no_row(db, gym_of_two):
    one = version("ada", "n1", 0, 1, 0)
    with db.transaction() as connection:
        assert (write_readings(connection, "acme", [one, one]), write_readings(connection, "acme", [one])) == (1, 0)


def test_another_workspace_s_member_is_not_written_to(db, members, gym_of_two):
    members("eve", workspace="globex")
    with db.transaction() as connection:
        assert write_readings(connection, "acme", [version("eve", "n1", 0, 1, 0), version("ada", "n1", 0, 1, 0)]) == 1
    assert [row[0] for row in stored(db)] == ["ada"]
