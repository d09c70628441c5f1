"""Whose night it is: an event for each workspace, once for each date in its own zone."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.fitness.scoring import NightDue
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import NewEvent, accept
from groundwork.tasks.fitness.members.local_days import local_time

_SQL = Path(__file__).with_suffix(".sql")

CAUGHT_UP_HOURS = 6
"""Hours after the night hour in which it is still sent. An hour that a change of the clocks leaves out, and a scheduler
that was down, cost no night; an hour that comes twice sends none twice, as its date is the same."""


def announce_nights(connection: Connection, now: datetime, hour: int) -> int:
    """Send ``platform/scoring.night-due`` to every workspace whose night has come, in the caller's transaction.

    Args:
        now: the moment, with a zone.
        hour: from which hour of the local time a night is due.

    Returns:
        How many nights were sent that had not been before.
    """
    zones = list(connection.execute(statement(_SQL, "zones")).scalars())
    local = {zone: local_time(zone, now) for zone in zones}
    due = [zone for zone in zones if hour <= local[zone].hour < hour + CAUGHT_UP_HOURS]
    events = [
        NewEvent.of(
            NightDue(workspace_id=WorkspaceId.stored(row.workspace_id), night=local[row.time_zone].date()),
            dedupe_id=f"night:{local[row.time_zone].date()}",
            source="announce-nights",
        )
        for row in connection.execute(statement(_SQL, "gyms_in"), {"zones": due})
    ]
    return sum(not each.duplicate for each in accept(connection, events))
