"""One event per workspace that has something to tell of a week."""

from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.events.contacts.digests import WeeklyDigestDue
from groundwork.events.inbox import NewEvent, accept
from groundwork.tasks.contacts.digests.activity import active_workspaces
from groundwork.tasks.contacts.digests.week import Week


class Announcement(BaseModel):
    """What became of a week.

    Attributes:
        week: ISO 8601.
        workspaces: how many were active.
        announced: for how many of them this was the first time, so that their digests go out now.
    """

    week: str
    workspaces: int
    announced: int


def announce(connection: Connection, week: Week) -> Announcement:
    """Send ``digest/week.due`` to every workspace that was active, in the caller's transaction.

    A workspace and week is announced once, however often this is called: the event's dedupe id is made of both, and
    what a digest has told stays known when the inbox has forgotten the event.
    """
    active = active_workspaces(connection, week)
    events = [
        NewEvent.of(
            WeeklyDigestDue(workspace_id=workspace_id, week=week.name),
            dedupe_id=f"digest:{workspace_id}:{week.name}",
            source="weekly-digest",
        )
        for workspace_id, is_told in active.items()
        if not is_told
    ]
    accepted = accept(connection, events)
    announced = sum(not each.duplicate for each in accepted)
    return Announcement(week=week.name, workspaces=len(active), announced=announced)
