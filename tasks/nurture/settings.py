"""Settings of the nurture application. What differs between agencies stands in the table ``nurture.agency``."""

from typing import Annotated

from pydantic import Field

from groundwork.blocks.environment import read_settings
from groundwork.blocks.nurture.crm.settings import CrmSettings
from groundwork.blocks.nurture.writer_settings import WriterSettings
from groundwork.blocks.process_cache import process_cache
from groundwork.events.nurture.leads import EngagementKind


class NurtureSettings(WriterSettings, CrmSettings):
    """Limits and keys of the nurture application. Read once per process through :func:`nurture_settings`."""

    lead_points: dict[EngagementKind, Annotated[float, Field(ge=0, le=1000)]] = Field(
        default_factory=dict,
        description="Points of a lead's engagement that differ from "
        '`{"open": 1, "click": 4, "site-visit": 8, "reply": 20, "valuation-request": 50}`, as JSON. They count from '
        "the next computation of a score on. Too high: one open makes a hot lead.",
    )
    lead_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Address of a contact in your application, with {workspace} and {contact} in it, for alerts of hot "
        "leads. Default: none; alerts have no link.",
    )
    webhook_private: bool = Field(
        False,
        description="Whether webhooks may go to private addresses and over http, as to a developer's own machine. "
        "Risk: whoever may set an agency's webhook reaches whatever the workers reach.",
    )
    webhook_seconds: float = Field(
        15.0,
        gt=0,
        le=60,
        description="Longest that one call of an agency's webhook may take, in seconds, all in all. Too low: slow "
        "receivers hear of a lead again and again. Too high: a receiver that dribbles holds a worker.",
    )


@process_cache
def nurture_settings() -> NurtureSettings:
    """The process's settings of this application, read from the environment at first use.

    Raises:
        ConfigurationError: a variable's value is not one that it takes; the message names each such variable.
    """
    return read_settings(NurtureSettings)
