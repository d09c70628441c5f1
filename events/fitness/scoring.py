"""Events of the category ``scoring``: members' figures are to be calculated."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from groundwork.events.base import Event
from groundwork.events.identifiers import RecordId


class ScoreWanted(Event, name="platform/scoring.calculate"):
    """A workout or a benchmark was logged, changed or deleted: the member's scores count anew from its day on."""

    member_id: RecordId
    from_day: date = Field(description="First day, in the member's zone, whose figures may change.")
    because: Literal["workout", "benchmark", "deleted"] = "workout"


class RiskCheckWanted(Event, name="platform/scoring.check-risk"):
    """Figures of members have changed: they are to be held against the workspace's thresholds."""

    member_ids: Annotated[tuple[RecordId, ...], Field(max_length=10_000)] | None = Field(
        None, description="Whose; left out: all of the workspace."
    )


class HourStruck(Event, name="platform/scoring.hour-struck"):
    """An hour has begun, and with it somewhere the hour in which a night's figures are made."""


class NightDue(Event, name="platform/scoring.night-due"):
    """A workspace's night has come: all of its members' figures are to be made anew."""

    night: date = Field(description="Date in the workspace's zone.")
