"""Events of leads: what a contact did, its score, and that it is hot."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from groundwork.events.base import WIRE, Event
from groundwork.events.identifiers import RecordId

EngagementKind = Literal["open", "click", "reply", "site-visit", "valuation-request"]
Channel = Literal["email", "web", "phone", "sms", "portal"]


class EngagementRecorded(Event, name="lead/engagement.recorded"):
    """A contact did something that tells of interest."""

    engagement_id: RecordId = Field(description="Of the sender; the same one counts once.")
    contact_id: RecordId
    kind: EngagementKind
    channel: Channel
    occurred_at: AwareDatetime


class IntentScoreWanted(Event, name="lead/intent.score"):
    """The score of a contact may have changed: engagement came, or the agency's threshold did."""

    contact_id: RecordId


class RescoreWanted(Event, name="lead/scores.rescore"):
    """All scores of an agency are to be computed anew: its thresholds have changed, or a night has gone by."""

    cold_too: bool = Field(True, description="False: only leads that are warm or hot. Cold ones cannot cool further.")


class NightPassed(Event, name="lead/night.passed"):
    """A night has gone by, and scores have decayed. The schedule sends it for `platform`, which is every workspace."""


class Reason(BaseModel):
    """What made a score what it is."""

    model_config = WIRE

    kind: EngagementKind
    count: int = Field(ge=1)
    points: float = Field(description="Share of the score, decayed to the moment of the score.")
    last_at: AwareDatetime


class HotLeadDetected(Event, name="lead/hot.detected"):
    """The score of a contact came over the agency's threshold."""

    contact_id: RecordId
    crossing: int = Field(ge=1, description="How often the contact has come over the threshold.")
    score: float = Field(ge=0)
    threshold: float = Field(ge=0)
    reasons: Annotated[tuple[Reason, ...], Field(max_length=5)] = ()
    detected_at: AwareDatetime
