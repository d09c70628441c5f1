"""The job ``mail-activity-digest`` of the fitness application: one member's digest, which waits for the mail server."""

from typing import Any

from groundwork.events.fitness.social import DigestClosed
from groundwork.flows.job import job
from groundwork.tasks.fitness.digests.steps import mail_digest


@job(on=DigestClosed, light=True)
def mail_activity_digest(event: DigestClosed) -> dict[str, Any]:
    """Mail a member what others did, once."""
    return {"sent": mail_digest(event)}
