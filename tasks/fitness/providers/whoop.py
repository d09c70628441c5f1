"""WHOOP, API v2 (developer.whoop.com): durations in milliseconds, hrv_rmssd_milli is rMSSD in ms, energy in kJ.

Its objects have versions of their own, ``updated_at``. They come unscored first, and are scored later.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.fitness.connections.record import Linked
from groundwork.tasks.fitness.providers.http import Answer, Gone
from groundwork.tasks.fitness.providers.provider import Days, FetchingProvider, Page, number_of
from groundwork.tasks.fitness.readings.day import NoTime, at_offset, day_of, moment_of, zone_named
from groundwork.tasks.fitness.readings.reading import Reading, deletion

_STAGES = {
    "sleep_deep_seconds": "total_slow_wave_sleep_time_milli",
    "sleep_rem_seconds": "total_rem_sleep_time_milli",
    "sleep_light_seconds": "total_light_sleep_time_milli",
    "sleep_awake_seconds": "total_awake_time_milli",
}
_RECOVERY = {
    "hrv_rmssd": "hrv_rmssd_milli",
    "resting_heart_rate": "resting_heart_rate",
    "recovery_score": "recovery_score",
    "spo2": "spo2_percentage",
    "skin_temperature": "skin_temp_celsius",
}
_COLLECTIONS = {"sleep": "/developer/v2/activity/sleep", "recovery": "/developer/v2/recovery"}
_PAGE = 25


class Whoop(FetchingProvider):
    """WHOOP's API."""

    name = "whoop"
    token_path = "/oauth/oauth2/token"  # noqa: S105 - a path
    refresh_scope = "offline"
    metrics_of: ClassVar[dict[str, tuple[str, ...]]] = {
        "sleep": ("sleep_seconds", *_STAGES, "respiratory_rate"),
        "recovery": tuple(_RECOVERY),
    }

    def fetch(self, linked: Linked, data_type: str, object_id: str) -> Answer:
        sleep = self.get(linked, f"{_COLLECTIONS['sleep']}/{quote(object_id, safe='')}")
        if data_type == "sleep":
            return sleep
        # A recovery's webhook bears the id of its sleep, and a recovery is had by its cycle.
        cycle = sleep.document.get("cycle_id")
        if not isinstance(cycle, int):
            raise Gone(sleep.at)
        answer = self.get(linked, f"/developer/v2/cycle/{cycle}/recovery")
        return Answer(answer.document | _place_of(sleep.document), answer.at)

    def page(self, linked: Linked, data_type: str, days: Days, next_token: str | None) -> Page:
        params: dict[str, Any] = {
            # A day begins 14 hours before UTC's at the earliest, and ends 12 hours after it.
            "start": f"{days.since - timedelta(days=1)}T00:00:00.000Z",
            "end": f"{days.until + timedelta(days=2)}T00:00:00.000Z",
            "limit": _PAGE,
        }
        if next_token:
            params["nextToken"] = next_token
        answer = self.get(linked, _COLLECTIONS[data_type], params)
        found = answer.document.get("records")
        documents = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
        if data_type == "recovery":
            documents = [each | self._place(linked, each) for each in documents]
        following = answer.document.get("next_token")
        return Page(tuple(documents), following if isinstance(following, str) and following else None, answer.at)

    def id_of(self, data_type: str, document: dict[str, Any]) -> str:
        return str(document.get("sleep_id" if data_type == "recovery" else "id") or "")

    def readings(self, linked: Linked, data_type: str, document: dict[str, Any], at: datetime) -> list[Reading]:
        object_id = self.id_of(data_type, document)
        if str(document.get("user_id", linked.provider_user)) != linked.provider_user:
            raise NonRetriable(f"whoop {data_type} {object_id[:60]!r} is another person's: it is not stored")
        try:
            updated_at = moment_of(document.get("updated_at") or at.isoformat())
            if document.get("score_state") == "PENDING_SCORE":
                return []  # it is told of again once it is scored
            values = self._values(data_type, document) if document.get("score_state") == "SCORED" else {}
            missing = [metric for metric in self.metrics_of[data_type] if values.get(metric) is None]
            gone = deletion(linked.member_id, self.name, object_id, updated_at, metrics=missing)
            there = {metric: value for metric, value in values.items() if value is not None}
            if not there:
                return gone
            measured_at = at_offset(moment_of(document.get("end")), document.get("timezone_offset"))
            day = day_of(measured_at, zone_named(linked.zone), has_offset=bool(document.get("timezone_offset")))
        except NoTime as error:
            raise NonRetriable(f"whoop {data_type} {object_id[:60]!r}: {error}") from None
        return gone + [
            Reading(linked.member_id, self.name, metric, object_id, updated_at, measured_at, day, value)
            for metric, value in there.items()
        ]

    def _place(self, linked: Linked, recovery: dict[str, Any]) -> dict[str, Any]:
        try:
            return _place_of(self.fetch(linked, "sleep", self.id_of("recovery", recovery)).document)
        except Gone:
            return {"end": recovery.get("created_at")}

    @staticmethod
    def _values(data_type: str, document: dict[str, Any]) -> dict[str, float | None]:
        if data_type == "recovery":
            return {metric: number_of(document, "score", name) for metric, name in _RECOVERY.items()}
        stages = {metric: number_of(document, "score", "stage_summary", name) for metric, name in _STAGES.items()}
        seconds = {metric: value / 1000 if value is not None else None for metric, value in stages.items()}
        asleep = [seconds[metric] for metric in _STAGES if metric != "sleep_awake_seconds"]
        known = [each for each in asleep if each is not None]
        return {
            "sleep_seconds": sum(known) if known else None,
            "respiratory_rate": number_of(document, "score", "respiratory_rate"),
            **seconds,
        }


def _place_of(sleep: dict[str, Any]) -> dict[str, Any]:
    """When and where a sleep ended: its recovery counts for the same day."""
    return {"end": sleep.get("end"), "timezone_offset": sleep.get("timezone_offset")}
