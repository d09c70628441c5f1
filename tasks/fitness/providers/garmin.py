"""Garmin Health: summaries that are pushed, in seconds and with the wearer's offset; lastNightAvg is rMSSD in ms.

Corrected summaries are sent again, with another summary id and without a version. So there is one object per calendar
day and kind, and its version is the moment at which the push came.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.fitness.connections.record import Linked
from groundwork.tasks.fitness.providers.provider import number_of
from groundwork.tasks.fitness.readings.day import NoTime, at_offset, day_of, zone_named
from groundwork.tasks.fitness.readings.reading import Reading, deletion

NAME = "garmin"
_STAGES = {
    "sleep_deep_seconds": "deepSleepDurationInSeconds",
    "sleep_rem_seconds": "remSleepInSeconds",
    "sleep_light_seconds": "lightSleepDurationInSeconds",
}
_FIELDS = {
    "dailies": {
        "steps": "steps",
        "active_energy": "activeKilocalories",
        "resting_heart_rate": "restingHeartRateInBeatsPerMinute",
    },
    "sleeps": {**_STAGES, "sleep_awake_seconds": "awakeDurationInSeconds"},
    "hrv": {"hrv_rmssd": "lastNightAvg"},
}
KINDS = tuple(_FIELDS)
"""Kinds of summaries that hold readings."""
_LONGEST = 2 * 86_400


def garmin_readings(linked: Linked, kind: str, summary: dict[str, Any], at: datetime) -> list[Reading]:
    """What a summary says, as readings.

    Args:
        at: when the push came.

    Raises:
        NonRetriable: the summary is not what Garmin documents; the message names the field.
    """
    said = summary.get("calendarDate")
    values = {metric: number_of(summary, name) for metric, name in _FIELDS[kind].items()}
    if kind == "sleeps":
        stages = [value for metric in _STAGES if (value := values[metric]) is not None]
        values["sleep_seconds"] = sum(stages) if stages else number_of(summary, "durationInSeconds")
    try:
        ended_at = _end(kind, summary)
        day = day_of(ended_at, zone_named(linked.zone), said=said, has_offset="startTimeOffsetInSeconds" in summary)
    except (NoTime, OverflowError, ValueError, OSError) as error:
        raise NonRetriable(f"garmin {kind} of {str(said)[:30]!r}: {error}") from None
    object_id = f"{kind}:{day}"
    missing = [metric for metric, value in values.items() if value is None]
    return deletion(linked.member_id, NAME, object_id, at, metrics=missing) + [
        Reading(linked.member_id, NAME, metric, object_id, at, ended_at, day, value)
        for metric, value in values.items()
        if value is not None
    ]


def _end(kind: str, summary: dict[str, Any]) -> datetime:
    begin, length = number_of(summary, "startTimeInSeconds"), number_of(summary, "durationInSeconds") or 0
    offset = number_of(summary, "startTimeOffsetInSeconds")
    if begin is None:
        raise NoTime("it has no startTimeInSeconds")
    if not 0 <= length <= _LONGEST:
        raise NoTime(f"durationInSeconds is {length:g}")
    # A day that ends at midnight is not of the next day.
    seconds = length if kind == "sleeps" else max(length - 1, 0) if kind == "hrv" else 0
    moment = datetime.fromtimestamp(begin, UTC) + timedelta(seconds=seconds)
    return at_offset(moment, int(offset) if offset is not None else None)
