"""What webhooks say, in our terms."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from groundwork.deployments.gateway.fitness.messages import garmin_messages, oura_messages, whoop_messages
from groundwork.events.webhooks import Delivery, Malformed

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
OURA = {"event_type": "update", "data_type": "sleep", "object_id": "abc", "user_id": "u1"}
WHOOP = {"user_id": 10129, "id": "s-1", "type": "sleep.updated", "trace_id": "t-1"}


def said(value: Any, at: datetime = NOW) -> Delivery:
    return Delivery(value, b"", {}, None, at, at)


def test_oura_s_words_become_ours():
    [message] = oura_messages(said(OURA | {"event_type": "delete"}))
    assert (message.account, message.values["kind"], message.values["object_id"]) == ("u1", "deleted", "abc")


def test_the_moment_that_a_webhook_names_is_never_after_the_one_that_is_signed():
    [message] = oura_messages(said(OURA | {"event_time": "2099-01-01T00:00:00+00:00"}))
    assert message.values["sent_at"] == NOW


def test_whoop_s_number_of_a_person_is_a_text():
    [message] = whoop_messages(said(WHOOP))
    assert (message.account, message.values["data_type"], message.values["kind"]) == ("10129", "sleep", "updated")


def test_a_repeat_has_the_same_id_and_another_message_another():
    [first] = whoop_messages(said(WHOOP))
    [repeat] = whoop_messages(said(WHOOP, datetime(2026, 11, 20, 9, tzinfo=UTC)))
    [other] = whoop_messages(said(WHOOP | {"trace_id": "t-2"}))
    assert first.identity == repeat.identity != other.identity


@pytest.mark.parametrize("kind", ["workout.updated", "body.updated", "sleep.created"])
def test_what_holds_no_readings_is_no_message(kind: str):
    assert whoop_messages(said(WHOOP | {"type": kind})) == []
    assert oura_messages(said(OURA | {"data_type": "tag"})) == []


@pytest.mark.parametrize("wrong", [{}, [], "x", None, OURA | {"object_id": ""}, OURA | {"object_id": "x" * 129}])
def test_a_signed_webhook_that_is_not_as_documented_is_refused_with_the_field(wrong: object):
    with pytest.raises(Malformed, match=r"missing|too_|type"):
        oura_messages(said(wrong))


def test_a_push_of_garmin_is_a_message_per_summary_without_tokens_and_series():
    summary = {"userId": "g1", "userAccessToken": "secret", "calendarDate": "2026-11-20", "steps": 7,
               "timeOffsetHeartRateSamples": {"15": 75}}  # fmt: skip
    push = {
        "dailies": [summary, summary | {"userId": "g2"}],
        "activities": [summary],
        "deregistrations": [{"userId": "g3"}],
    }
    first, second, third = garmin_messages(said(push))
    assert first.values["data"] == {"userId": "g1", "calendarDate": "2026-11-20", "steps": 7}
    assert (second.account, third.values["data_type"]) == ("g2", "deregistration")


def test_a_corrected_summary_of_garmin_is_another_message():
    def sent(**fields: object) -> Sequence[str]:
        [message] = garmin_messages(said({"sleeps": [{"userId": "g1"} | fields]}))
        return message.identity

    assert sent(summaryId="a", remSleepInSeconds=60) == sent(remSleepInSeconds=60, summaryId="a")
    assert sent(summaryId="a", remSleepInSeconds=60) != sent(summaryId="b", remSleepInSeconds=60)
