"""Scores in the database: what a late, corrected or deleted workout leaves is what a calculation from nothing makes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from groundwork.tasks.fitness.members.key_range import KeyRange, key_ranges
from groundwork.tasks.fitness.scores.recompute import Recomputed, recompute, recompute_range
from tests.integration.fitness.gyms import ACME, at_noon, forget_scores, join, open_gym, scores_in, trained
from tests.unit.fitness.row_by_row import figures_of, scores_of

FIRST = date(2026, 3, 1)
TODAY = date(2026, 6, 1)
YESTERDAY = TODAY - timedelta(days=1)
NOW = at_noon(TODAY)


def days(*pairs: tuple[int, float]) -> dict[date, float]:
    return {FIRST + timedelta(days=day): load for day, load in pairs}


def from_nothing(db, workspace=ACME, now: datetime = NOW) -> None:
    with db.transaction() as connection:
        recompute_range(connection, workspace, KeyRange(), days=3_000, now=now)


def again(db, now: datetime = NOW, **from_days: date) -> Recomputed:
    with db.transaction() as connection:
        return recompute(connection, ACME, from_days, now)


def test_scores_are_those_of_a_loop_over_the_days(db):
    open_gym(db, "ada", "ben", "cleo")
    ada = days(*((day, 100.0 + 37 * (day % 5)) for day in range(0, 92, 2)))
    ben = days((40, 300.0), (41, 300.0))
    trained(db, "ada", ada)
    trained(db, "ben", ben)
    from_nothing(db)
    found = scores_in(db)
    assert {member for member, _ in found} == {"ada", "ben"}
    for member, loads in {"ada": ada, "ben": ben}.items():
        expected = list(scores_of(loads, YESTERDAY))
        assert len(expected) == sum(name == member for name, _ in found)
        for each in expected:
            assert figures_of(found[member, each["day"]]) == pytest.approx(
                figures_of(each), rel=1e-12, abs=1e-9, nan_ok=True
            )


def test_workouts_of_one_day_add_up(db):
    open_gym(db, "ada")
    trained(db, "ada", days((0, 100.0)))
    with db.transaction() as connection:
        connection.execute(text("UPDATE fitness.workout SET id = 'morning'"))
    trained(db, "ada", days((0, 150.0)))
    from_nothing(db)
    assert scores_in(db)["ada", FIRST]["load"] == 250.0


def test_a_second_time_nothing_is_written(db):
    open_gym(db, "ada")
    trained(db, "ada", days((0, 100.0), (50, 200.0)))
    assert again(db, ada=FIRST) == Recomputed(members=1, scores=92, dropped=0)
    assert again(db, ada=FIRST) == Recomputed(members=1, scores=0, dropped=0)
    assert again(db, ada=FIRST + timedelta(days=30)) == Recomputed(members=1, scores=0, dropped=0)


def test_a_late_workout_leaves_the_days_before_it_alone_and_changes_each_one_after(db):
    open_gym(db, "ada")
    trained(db, "ada", days((0, 100.0), (50, 200.0)))
    again(db, ada=FIRST)
    before = scores_in(db)
    late = FIRST + timedelta(days=20)
    trained(db, "ada", {late: 400.0})
    assert again(db, ada=late).scores == 92 - 20
    after = scores_in(db)
    assert {key for key in after if after[key] != before[key]} == {key for key in after if key[1] >= late}


def test_the_members_of_another_workspace_with_the_same_id_are_not_touched(db):
    open_gym(db, "ada")
    open_gym(db, "ada", workspace="globex")
    trained(db, "ada", days((0, 100.0)))
    trained(db, "ada", days((0, 900.0)), workspace="globex")
    again(db, ada=FIRST)
    assert scores_in(db)["ada", FIRST]["load"] == 100.0
    assert scores_in(db, workspace="globex") == {}


def test_a_day_counts_when_it_is_over_or_when_something_is_logged_on_it(db):
    open_gym(db, "ada", "ben")
    trained(db, "ada", {YESTERDAY: 100.0})
    trained(db, "ben", {TODAY: 100.0})
    from_nothing(db)
    assert list(scores_in(db)) == [("ada", YESTERDAY), ("ben", TODAY)]


def test_a_member_is_scored_until_yesterday_in_the_own_zone(db):
    open_gym(db, "ada", time_zone="Asia/Tokyo")
    join(db, "ben", time_zone="America/Los_Angeles")
    join(db, "cleo", time_zone="No/Where")
    for each in ("ada", "ben", "cleo"):
        trained(db, each, days((0, 100.0)))
    now = NOW.replace(hour=20)  # Tokyo has tomorrow already
    from_nothing(db, now=now)
    last = dict(scores_in(db).keys())
    assert last == {"ada": TODAY, "ben": YESTERDAY, "cleo": YESTERDAY}


def test_a_member_who_moves_to_another_zone_keeps_the_days_of_the_past(db):
    open_gym(db, "ada", time_zone="Asia/Tokyo")
    trained(db, "ada", days((0, 100.0), (91, 100.0)))
    now = NOW.replace(hour=20)
    from_nothing(db, now=now)
    before = scores_in(db)
    with db.transaction() as connection:
        connection.execute(text("UPDATE fitness.member SET time_zone = 'America/Los_Angeles'"))
    from_nothing(db, now=now)
    after = scores_in(db)
    assert after == {key: row for key, row in before.items() if key[1] <= YESTERDAY}
    assert after["ada", YESTERDAY]["load"] == 100.0


def test_a_workout_of_a_day_that_has_not_come_makes_no_scores_until_then(db):
    open_gym(db, "ada")
    trained(db, "ada", days((0, 100.0)) | {date(2099, 1, 1): 100.0})
    from_nothing(db)
    assert max(day for _, day in scores_in(db)) == TODAY + timedelta(days=1)


def test_who_has_left_gets_no_more_scores(db):
    open_gym(db)
    join(db, "ada", left_on=FIRST + timedelta(days=10))
    trained(db, "ada", days((0, 100.0)))
    from_nothing(db)
    assert len(scores_in(db)) == 11


def test_when_the_only_workout_is_deleted_no_score_is_left(db):
    open_gym(db, "ada")
    trained(db, "ada", days((0, 100.0)))
    from_nothing(db)
    with db.transaction() as connection:
        connection.execute(text("UPDATE fitness.workout SET deleted = true"))
    assert again(db, ada=FIRST).dropped == 92
    assert scores_in(db) == {}


def test_a_gap_of_months_is_days_without_load(db):
    open_gym(db, "ada")
    trained(db, "ada", {date(2025, 1, 1): 300.0, YESTERDAY: 300.0})
    from_nothing(db)
    row = scores_in(db)["ada", YESTERDAY]
    assert row["number"] == (YESTERDAY - date(2025, 1, 1)).days + 1
    assert row["ratio"] == pytest.approx((2 / 8) / (2 / 29))  # all load is of one day: as high as it can be
    assert scores_in(db)["ada", YESTERDAY - timedelta(days=1)]["monotony"] is None


def test_a_workspace_without_members_has_no_ranges_and_no_scores(db):
    open_gym(db)
    with db.transaction() as connection:
        assert key_ranges(connection, ACME, 10) == []
        assert recompute_range(connection, ACME, KeyRange(), days=100, now=NOW) == Recomputed(0, 0, 0)
        assert recompute(connection, ACME, {"nobody": FIRST}, NOW) == Recomputed(0, 0, 0)


def test_ranges_cover_each_member_once(db):
    names = [f"m{number}" for number in range(25)] + ["Zoë", "ada", "_x", "a b"]
    open_gym(db, *names)
    for each in names:
        trained(db, each, days((0, 100.0)))
    with db.transaction() as connection:
        ranges = key_ranges(connection, ACME, 4)
        counts = [recompute_range(connection, ACME, each, days=3_000, now=NOW).members for each in ranges]
    assert counts == [4] * 7 + [1]
    assert {member for member, _ in scores_in(db)} == set(names)


def test_members_who_log_while_others_recompute_end_with_the_same_scores(db):
    open_gym(db, "ada", "ben")

    def log(number: int) -> None:
        member = "ada" if number % 2 else "ben"
        day = FIRST + timedelta(days=(number * 37) % 90)
        with db.transaction() as connection:
            connection.execute(
                text("INSERT INTO fitness.workout VALUES ('acme', :id, :member, :day, 20, 5, false, now())"),
                {"id": str(number), "member": member, "day": day},
            )
        if number % 5 == 0:
            from_nothing(db)
        again(db, **{member: day})

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(log, range(30)))
    found = scores_in(db)
    forget_scores(db)
    from_nothing(db)
    assert scores_in(db) == found


LOGS = st.lists(
    st.tuples(st.integers(0, 91), st.sampled_from([0, 50, 100.1, 333.3, 1e-3]), st.booleans()), min_size=1, max_size=12
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logs=st.dictionaries(st.sampled_from(["ada", "ben"]), LOGS, min_size=1), start=st.integers(0, 91))
def test_what_events_in_any_order_leave_is_what_a_calculation_from_nothing_makes(db, logs, start):
    with db.transaction() as connection:
        connection.execute(text("TRUNCATE fitness.gym, fitness.member, fitness.workout, fitness.score CASCADE"))
    open_gym(db, "ada", "ben")
    log = "INSERT INTO fitness.workout VALUES ('acme', :id, :member, :day, 1 + :load / 5, 5, false, now())"
    step = 0
    for number in range(12):
        for member, entries in logs.items():
            if number >= len(entries):
                continue
            offset, load, delete = entries[number]
            day = FIRST + timedelta(days=offset)
            row = {"id": f"{member}-{number}", "member": member, "day": day, "load": load}
            step += 1
            # The day of the calculation moves on as the events come in.
            now = at_noon(TODAY - timedelta(days=max(0, 4 - step)))
            with db.transaction() as connection:
                connection.execute(text(log), row)
                recompute(connection, ACME, {member: day}, now)
            if delete:
                with db.transaction() as connection:
                    connection.execute(text("UPDATE fitness.workout SET deleted = true WHERE id = :id"), row)
                    recompute(connection, ACME, {member: day}, now)
    with db.transaction() as connection:
        recompute_range(connection, ACME, KeyRange(), days=start, now=NOW)
    incremental = scores_in(db)
    forget_scores(db)
    from_nothing(db)
    assert scores_in(db) == incremental


def test_a_workspace_of_10_000_members_is_scored_in_ranges(db):
    open_gym(db)
    with db.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO fitness.member (workspace_id, id, name, joined_on)"
                " SELECT 'acme', 'm' || n, '', '2026-01-01' FROM generate_series(1, 10000) AS n"
            )
        )
        connection.execute(
            text(
                "INSERT INTO fitness.workout (workspace_id, id, member_id, day, minutes, rpe)"
                " SELECT 'acme', 'w' || n, 'm' || n, :day, 1 + n % 90, 5 FROM generate_series(1, 10000) AS n"
            ),
            {"day": TODAY - timedelta(days=2)},
        )
        ranges = key_ranges(connection, ACME, 1_000)
    assert len(ranges) == 10
    for members in ranges:
        with db.transaction() as connection:
            assert recompute_range(connection, ACME, members, days=120, now=NOW) == Recomputed(1_000, 2_000, 0)
    with db.transaction() as connection:
        # By the statistics of an empty table, each workout would be held against each score.
        connection.execute(text("ANALYZE fitness.score, fitness.workout"))
        wrong = """
            SELECT count(*) FROM fitness.score
            JOIN fitness.workout USING (workspace_id, member_id)
            WHERE load <> CASE WHEN score.day = workout.day THEN minutes * rpe ELSE 0 END
        """
        assert connection.execute(text(wrong)).scalar() == 0
