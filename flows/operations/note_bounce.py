"""The job ``note-bounce``: an address from which mail came back is marked, so that nothing more is sent to it."""

from typing import Any

from groundwork.events.bounces import MailBounced
from groundwork.flows.job import job
from groundwork.tasks.operations.bounces.steps import note_bounce as mark


@job(on=MailBounced, light=True)
def note_bounce(event: MailBounced) -> dict[str, Any]:
    """Mark the address of the workspace's users who have it."""
    return {"users": mark(event)}
