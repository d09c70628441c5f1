from datetime import date

import pandas as pd
import pytest

from groundwork.notifications.local import Local
from groundwork.tasks.contacts.digests.activity import RememberedFigures
from groundwork.tasks.contacts.digests.figures import TAGS_SHOWN, WeeklyFigures, by_day, compared
from groundwork.tasks.contacts.digests.week import Week

WEEK = Week.named("2026-W46")
MONDAY, SUNDAY = date(2026, 11, 9), date(2026, 11, 15)
BEFORE = date(2026, 11, 4)
NO_TAGS: list[tuple[str, int, int]] = []


def figures(
    days: list[tuple[date, str, int]], tags: list[tuple[str, int, int]] = NO_TAGS, told: RememberedFigures | None = None
) -> WeeklyFigures:
    table = by_day(pd.DataFrame(days, columns=["day", "measure", "number"]), WEEK)
    return compared(table, pd.DataFrame(tags, columns=["tag", "number", "before"]), WEEK, told)


def measure(of: WeeklyFigures, label: str) -> tuple[int, int, float | None]:
    [found] = [each for each in of.measures if each.label == label]
    return found.count, found.before, found.change


def test_a_week_is_counted_against_the_week_before():
    counted = figures([(MONDAY, "new", 3), (SUNDAY, "new", 9), (BEFORE, "new", 8), (MONDAY, "rejected", 2)])
    assert measure(counted, "New contacts") == (12, 8, 0.5)
    assert measure(counted, "Rows rejected") == (2, 0, None)
    assert measure(counted, "Updated contacts") == (0, 0, None)


def test_a_week_after_which_nothing_happened_is_a_fall_of_all():
    assert measure(figures([(BEFORE, "updated", 5)]), "Updated contacts") == (0, 5, -1.0)


def test_measures_come_in_the_order_in_which_they_are_told():
    labels = [each.label for each in figures([(MONDAY, "rejected", 1)]).measures]
    assert labels == ["New contacts", "Updated contacts", "Rows imported", "Rows rejected"]


def test_days_without_anything_are_zero():
    counted = figures([(MONDAY, "new", 3), (BEFORE, "new", 8)])
    assert counted.new_per_day == [3, 0, 0, 0, 0, 0, 0]
    assert counted.new_per_day_before == [0, 0, 8, 0, 0, 0, 0]


def test_what_was_told_last_week_is_what_the_week_is_compared_with():
    told = RememberedFigures(counts={"new": 10, "updated": 40}, tags={"fair": 4, "gone": 9})
    counted = figures([(MONDAY, "updated", 20), (BEFORE, "updated", 1)], [("fair", 6, 1), ("news", 2, 2)], told)
    assert measure(counted, "Updated contacts") == (20, 40, -0.5)
    assert measure(counted, "New contacts") == (0, 10, -1.0)
    assert [(each.tag, each.count, each.before) for each in counted.tags] == [("fair", 6, 4), ("news", 2, 0)]


def test_the_most_active_tags_come_first_and_others_are_left_out():
    tags = [(f"tag {number}", number, 0) for number in range(10)]
    shown = figures([], tags).tags
    assert [each.count for each in shown] == [9, 8, 7, 6, 5]
    assert len(shown) == TAGS_SHOWN


def test_tags_that_were_active_only_before_are_left_out():
    assert figures([], [("old", 0, 7)]).tags == []


def test_tags_as_active_as_each_other_come_by_name():
    assert [each.tag for each in figures([], [("b", 2, 0), ("a", 2, 0), ("c", 3, 0)]).tags] == ["c", "a", "b"]


def test_figures_survive_the_ledger():
    counted = figures([(MONDAY, "new", 3), (BEFORE, "updated", 5)], [("fair", 1, 0)])
    assert WeeklyFigures.model_validate_json(counted.model_dump_json()) == counted


def test_the_chart_shows_new_contacts_day_by_day_in_both_weeks():
    chart = figures([(MONDAY, "new", 3), (BEFORE, "new", 8)]).chart(Local("de"))
    assert list(chart.labels) == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert list(chart.series) == ["the week", "the week before"]
    assert chart.series["the week before"][2] == 8


@pytest.mark.parametrize("measured", ["updated", "imported"])
def test_without_new_contacts_there_is_no_chart(measured):
    assert figures([(MONDAY, measured, 3)]).chart(Local()) is None
