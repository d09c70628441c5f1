"""Thresholds that are no numbers, or not in order, are refused before anything is stored."""

import pytest
from pydantic import ValidationError

from groundwork.events.nurture.leads import EngagementRecorded, HotLeadDetected, Reason
from groundwork.tasks.nurture.leads.thresholds import Thresholds

GOOD = {"half_life_days": 14, "warm_from": 20, "hot_until": 45, "hot_from": 60}


def test_thresholds_in_order_are_taken_and_may_be_equal():
    Thresholds.model_validate(GOOD)
    Thresholds(half_life_days=0.1, warm_from=0, hot_until=0, hot_from=0)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("value", ["nan", float("nan"), "inf", float("-inf"), -1, "", None, "many", 1e300])
def test_what_is_no_sensible_number_is_refused_and_named(name, value):
    with pytest.raises(ValidationError, match=name):
        Thresholds.model_validate(GOOD | {name: value})


@pytest.mark.parametrize("change", [{"hot_until": 61}, {"warm_from": 46}, {"hot_from": 44}])
def test_thresholds_that_are_not_in_order_are_refused_with_all_of_them(change):
    with pytest.raises(ValidationError, match=r"none may be above the next"):
        Thresholds.model_validate(GOOD | change)


@pytest.mark.parametrize("change", [{"kind": "purchase"}, {"channel": "fax"}, {"occurredAt": "2026-11-27T10:00:00"}])
def test_an_engagement_of_another_kind_or_channel_or_without_a_zone_is_refused(change):
    wire = {
        "workspaceId": "acme",
        "engagementId": "e1",
        "contactId": "c1",
        "kind": "open",
        "channel": "email",
        "occurredAt": "2026-11-27T10:00:00Z",
    }
    EngagementRecorded.model_validate(wire)
    with pytest.raises(ValidationError, match=next(iter(change))):
        EngagementRecorded.model_validate(wire | change)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -1.0, "nan"])
def test_a_hot_lead_with_a_score_that_is_none_is_refused(score):
    wire = {"workspaceId": "acme", "contactId": "c1", "crossing": 1, "threshold": 60, "detectedAt": "2026-11-27T10:00Z"}
    with pytest.raises(ValidationError, match="score"):
        HotLeadDetected.model_validate(wire | {"score": score})


def test_points_of_a_reason_are_a_number():
    with pytest.raises(ValidationError):
        Reason.model_validate({"kind": "open", "count": 1, "points": "nan", "lastAt": "2026-11-27T10:00Z"})
