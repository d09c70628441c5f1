"""What webhooks say, in our terms."""

from datetime import UTC, datetime

import pytest

from groundwork.deployments.gateway.fitness.messages import garmin_messages, oura_messages, whoop_messages
from groundwork.deployments.gateway.refusal import Refusal

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
OURA = {"event_type": "update", "data_type": "sleep", "object_id": "abc", "user_id": "u1"}
WHOOP = {"user_id": 10129, "id": "s-1", "type": "sleep.updated", "trace_id": "t-1"}


def test_oura_s_words_become_ours():
    [message] = oura_messages(OURA | {"event_type": "delete"}, NOW)
    assert (message.provider_user, message.fields["kind"], message.fields["object_id"]) == ("u1", "deleted", "abc")


def test_the_moment_that_a_webhook_names_is_never_after_the_one_that_is_signed():
    [message] = oura_messages(OURA | {"event_time": "2099-01-01T00:00:00+00:00"}, NOW)
    assert message.fields["sent_at"] == NOW


def test_whoop_s_number_of_a_person_is_a_text():
    [message] = whoop_messages(WHOOP, NOW)
    assert (message.provider_user, message.fields["data_type"], message.fields["kind"]) == ("10129", "sleep", "updated")


def test_a_repeat_has_the_same_id_and_another_message_another():
    [first] = whoop_messages(WHOOP, NOW)
    [repeat] = whoop_messages(WHOOP, datetime(2026, 11, 20, 9, tzinfo=UTC))
    [other] = whoop_messages(WHOOP | {"trace_id": "t-2"}, NOW)
    assert first.dedupe_id == repeat.dedupe_id != other.dedupe_id
    assert len(first.dedupe_id) < 255


@pytest.mark.parametrize("kind", ["workout.updated", "body.updated", "sleep.created"])
def test_what_holds_no_readings_is_no_message(kind: str):
    assert whoop_messages(WHOOP | {"type": kind}, NOW) == []
    assert oura_messages(OURA | {"data_type": "tag"}, NOW) == []


@pytest.mark.parametrize("wrong", [{}, [], "x", None, OURA | {"object_id": ""}, OURA | {"object_id": "x" * 129}])
def test_a_signed_webhook_that_is_not_as_documented_is_refused_with_the_field(wrong: object):
    with pytest.raises(Refusal) as refusal:
        oura_messages(wrong, NOW)
    assert refusal.value.status == 400


def test_a_push_of_garmin_is_a_message_per_summary_without_tokens_and_series():
    summary = {"userId": "g1", "userAccessToken": "secret", "calendarDate": "2026-11-20", "steps": 7,
               "timeOffsetHeartRateSamples": {"15": 75}}  # fmt: skip
    push = {
        "dailies": [summary, summary | {"userId": "g2"}],
        "activities": [summary],
        "deregistrations": [{"userId": "g3"}],
    }
    first, second, third = garmin_messages(push, NOW)
    assert first.fields["data"] == {"userId": "g1", "calendarDate": "2026-11-20", "steps": 7}
    assert (second.provider_user, third.fields["data_type"]) == ("g2", "deregistration")


def test_a_corrected_summary_of_garmin_is_another_message():
    def sent(**fields: object) -> str:
        [message] = garmin_messages({"sleeps": [{"userId": "g1"} | fields]}, NOW)
        return message.dedupe_id

    assert sent(summaryId="a", remSleepInSeconds=60) == sent(remSleepInSeconds=60, summaryId="a")
    assert sent(summaryId="a", remSleepInSeconds=60) != sent(summaryId="b", remSleepInSeconds=60)
