"""The job ``weekly-digest`` of the contacts app: on Mondays, one event for each workspace that was active."""

from typing import Any

from groundwork.events.contacts.digests import WeekEnded
from groundwork.flows.job import job
from groundwork.tasks.contacts.digests.steps import announce_week


@job(on=WeekEnded)
def weekly_digest(event: WeekEnded) -> dict[str, Any]:
    """Announce the week that has ended; each workspace's digest is then a delivery of its own, in its own lane."""
    return announce_week(event.week).model_dump()
