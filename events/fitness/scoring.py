"""Events of the category ``scoring``: members' figures are to be calculated."""

from datetime import date
from typing import Literal

from pydantic import Field

from groundwork.events.base import Event
from groundwork.events.identifiers import RecordId


class ScoreWanted(Event, name="platform/scoring.calculate"):
    """A workout or a benchmark was logged, changed or deleted: the member's scores count anew from its day on."""

    member_id: RecordId
    from_day: date = Field(description="First day, in the member's zone, whose figures may change.")
    because: Literal["workout", "benchmark", "deleted", "nightly"] = "workout"
