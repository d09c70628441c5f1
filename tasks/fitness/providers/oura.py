"""Oura, API v2 (cloud.ouraring.com/v2/docs): durations in seconds, average_hrv is rMSSD in ms.

Its documents have no version of their own, so a version is as old as the answer that brought it, or as the webhook that
told of it, whichever is later: the header ``Date`` has whole seconds only.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.fitness.connections.record import Linked
from groundwork.tasks.fitness.providers.http import Answer
from groundwork.tasks.fitness.providers.provider import Days, FetchingProvider, Page, number_of
from groundwork.tasks.fitness.readings.day import NoTime, day_of, moment_of, zone_named
from groundwork.tasks.fitness.readings.reading import Reading, deletion

_OF_ANY_SLEEP = {
    "sleep_seconds": "total_sleep_duration",
    "sleep_deep_seconds": "deep_sleep_duration",
    "sleep_rem_seconds": "rem_sleep_duration",
    "sleep_light_seconds": "light_sleep_duration",
    "sleep_awake_seconds": "awake_time",
}
_OF_NIGHTS = {
    "hrv_rmssd": "average_hrv",
    "resting_heart_rate": "lowest_heart_rate",
    "respiratory_rate": "average_breath",
}
"""Of a nap they would be compared with nights."""
_OF_DAYS: dict[str, dict[str, tuple[str, ...]]] = {
    "daily_readiness": {"readiness_score": ("score",)},
    "daily_spo2": {"spo2": ("spo2_percentage", "average")},
    "daily_activity": {"steps": ("steps",), "active_energy": ("active_calories",)},
}


class Oura(FetchingProvider):
    """Oura's API."""

    name = "oura"
    token_path = "/oauth/token"  # noqa: S105 - a path
    metrics_of: ClassVar[dict[str, tuple[str, ...]]] = {
        "sleep": (*_OF_ANY_SLEEP, *_OF_NIGHTS),
        **{kind: tuple(metrics) for kind, metrics in _OF_DAYS.items()},
    }

    def fetch(self, linked: Linked, data_type: str, object_id: str) -> Answer:
        return self.get(linked, f"/v2/usercollection/{data_type}/{quote(object_id, safe='')}")

    def page(self, linked: Linked, data_type: str, days: Days, next_token: str | None) -> Page:
        # Some of its collections leave the last day out.
        params = {"start_date": str(days.since), "end_date": str(days.until + timedelta(days=1))}
        if next_token:
            params["next_token"] = next_token
        answer = self.get(linked, f"/v2/usercollection/{data_type}", params)
        found = answer.document.get("data")
        documents = tuple(each for each in found if isinstance(each, dict)) if isinstance(found, list) else ()
        following = answer.document.get("next_token")
        return Page(documents, following if isinstance(following, str) and following else None, answer.at)

    def id_of(self, data_type: str, document: dict[str, Any]) -> str:  # noqa: ARG002 - all ids are in one place
        return str(document.get("id") or "")

    def readings(self, linked: Linked, data_type: str, document: dict[str, Any], at: datetime) -> list[Reading]:
        values, said = self._values(data_type, document)
        object_id = self.id_of(data_type, document)
        missing = [metric for metric in self.metrics_of[data_type] if values.get(metric) is None]
        gone = deletion(linked.member_id, self.name, object_id, at, metrics=missing)
        there = {metric: value for metric, value in values.items() if value is not None}
        if not there:
            return gone
        try:
            measured_at = moment_of(
                document.get("bedtime_end" if data_type == "sleep" else "timestamp") or f"{said}T00:00Z"
            )
            day = day_of(measured_at, zone_named(linked.zone), said=said)
        except NoTime as error:
            raise NonRetriable(f"oura {data_type} {object_id[:60]!r}: {error}") from None
        return gone + [
            Reading(linked.member_id, self.name, metric, object_id, at, measured_at, day, value)
            for metric, value in there.items()
        ]

    def _values(self, data_type: str, document: dict[str, Any]) -> tuple[dict[str, float | None], str | None]:
        said = document.get("day")
        if data_type != "sleep":
            places = _OF_DAYS[data_type]
            return {metric: number_of(document, *place) for metric, place in places.items()}, said
        kind = document.get("type")
        names = _OF_ANY_SLEEP | _OF_NIGHTS if kind == "long_sleep" else _OF_ANY_SLEEP
        if kind in ("deleted", "rest"):
            names = {}
        return {metric: number_of(document, name) for metric, name in names.items()}, said
