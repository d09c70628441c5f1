"""What each kind of engagement is worth when it is new."""

from groundwork.events.nurture.leads import EngagementKind
from groundwork.tasks.nurture.settings import nurture_settings

POINTS: dict[EngagementKind, float] = {"open": 1, "click": 4, "site-visit": 8, "reply": 20, "valuation-request": 50}
"""By default. An open is worth least: mail programs open mails without anybody reading them."""


def points() -> dict[EngagementKind, float]:
    """Points by kind, as ``GROUNDWORK_LEAD_POINTS`` changes them."""
    return POINTS | nurture_settings().lead_points
