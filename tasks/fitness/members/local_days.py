"""Which day it is for the members of a workspace, each in the own zone."""

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId

logger = logging.getLogger(__name__)

_SQL = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True, slots=True)
class LocalDays:
    """Today by time zone, for a statement that joins them to members.

    Attributes:
        zones: IANA names, as members and gyms have them.
        days: today there, in the same order.
    """

    zones: list[str]
    days: list[date]

    @property
    def parameters(self) -> dict[str, object]:
        """What a statement calls ``:zones`` and ``:days``."""
        return {"zones": self.zones, "days": self.days}


def local_days(connection: Connection, workspace_id: WorkspaceId, now: datetime) -> LocalDays:
    """Today in each zone that a workspace's members are in.

    Args:
        now: the moment that is asked for, with a zone.
    """
    zones = list(connection.execute(statement(_SQL, "zones"), {"workspace_id": str(workspace_id)}).scalars())
    return LocalDays(zones, [local_time(zone, now).date() for zone in zones])


def member_zone(connection: Connection, workspace_id: WorkspaceId, member_id: str) -> str | None:
    """IANA name of the zone that a member is in now; None where there is no such member."""
    member = {"workspace_id": str(workspace_id), "member_id": member_id}
    zone: str | None = connection.execute(statement(_SQL, "member_zone"), member).scalar()
    return zone


def local_time(zone: str, now: datetime) -> datetime:
    """A moment in a zone; in UTC, with a warning, where there is no zone of the name."""
    return now.astimezone(_zone(zone))


@lru_cache
def _zone(name: str) -> tzinfo:
    # Kept: one warning for each wrong name and process is enough.
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        logger.warning("There is no time zone %r; UTC is taken. Correct it in fitness.gym or fitness.member.", name)
        return UTC
