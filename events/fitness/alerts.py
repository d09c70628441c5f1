"""Events of the category ``alerts``: a risk was found, a threshold was crossed."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from groundwork.events.base import WIRE, Event
from groundwork.events.identifiers import RecordId


class Evidence(BaseModel):
    """A figure that an alert rests on."""

    model_config = WIRE

    figure: Annotated[str, Field(min_length=1, max_length=60)]
    value: float
    limit: float | None = None
    unit: Annotated[str, Field(max_length=20)] = ""
    words: Annotated[str, Field(max_length=300)] = ""


class Alert(Event):
    """What every alert says."""

    member_id: RecordId
    crossing: int = Field(ge=1, description="How often the member has crossed this line; an alert is sent once for it.")
    detected_on: date = Field(description="In the member's zone.")
    detected_at: AwareDatetime
    evidence: Annotated[tuple[Evidence, ...], Field(max_length=10)] = ()


class ChurnRiskDetected(Alert, name="platform/alerts.churn-risk-detected"):
    """A member trains less and less, and may leave."""

    score: float = Field(ge=0, le=1)


class InjuryRiskDetected(Alert, name="platform/alerts.injury-risk-detected"):
    """A member's load or recovery is outside of the band that the workspace has set. No prediction of an injury."""

    kind: Literal["load-spike", "hrv", "sleep-debt"]


class ThresholdCrossed(Alert, name="platform/alerts.threshold-crossed"):
    """A figure has crossed a threshold of the workspace's own."""

    figure: Annotated[str, Field(min_length=1, max_length=60)]
    value: float
    threshold: float
    direction: Literal["above", "below"]
