from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from groundwork.events.contacts.digests import WeekEnded, WeeklyDigestDue
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.contacts.digests.week import Week

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("now", "week"),
    [
        (datetime(2026, 11, 23, 8, tzinfo=UTC), "2026-W47"),  # the Monday of the schedule
        (datetime(2026, 11, 29, 23, 59, tzinfo=UTC), "2026-W47"),  # a machine that was down until Sunday
        (datetime(2026, 11, 30, 0, 0, tzinfo=UTC), "2026-W48"),
        (datetime(2026, 1, 5, 8, tzinfo=UTC), "2026-W01"),
        (datetime(2027, 1, 4, 8, tzinfo=UTC), "2026-W53"),
        (datetime(2026, 11, 23, 1, tzinfo=timezone(timedelta(hours=2))), "2026-W46"),  # still Sunday in UTC
    ],
)
def test_the_last_complete_week_is_the_one_before_this(now, week):
    assert Week.last_complete(now).name == week


@given(MOMENTS)
def test_the_last_complete_week_has_ended_and_the_next_one_has_not(now):
    week = Week.last_complete(now)
    assert week.ends_at <= now < week.ends_at + timedelta(days=7)
    assert week.begins_at.weekday() == 0


@given(MOMENTS)
def test_a_week_is_known_by_its_name(now):
    week = Week.last_complete(now)
    assert Week.named(week.name) == week
    assert WeeklyDigestDue(workspace_id=WorkspaceId("acme"), week=week.name).week == week.name


def test_a_week_follows_the_week_before_it():
    week = Week.named("2026-W01")
    assert week.before.name == "2025-W52"
    assert week.before.ends_at == week.begins_at
    assert (week.days[0], week.days[-1]) == (date(2025, 12, 29), date(2026, 1, 4))


@pytest.mark.parametrize(
    "week", ["2025-W53", "2026-W00", "2026-W54", "2026-47", "2026-W7", "", "٢٠٢٦-W47", "2026-W47\n"]
)
def test_a_week_that_does_not_exist_is_refused_when_it_is_sent(week):
    with pytest.raises(ValidationError, match="week"):
        WeeklyDigestDue(workspace_id=WorkspaceId("acme"), week=week)


def test_the_week_may_be_left_to_the_job():
    assert WeekEnded(workspace_id=WorkspaceId("platform")).wire() == {"workspaceId": "platform"}
