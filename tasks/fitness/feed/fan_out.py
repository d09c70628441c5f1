"""Activities into the feeds of those who follow their actor now.

Each statement joins the current follows and what is neither undone nor deleted, so that one that comes late or is
repeated honours what was taken back meanwhile.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.fitness.social import DigestWanted
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send_many
from groundwork.tasks.fitness.feed.turn import write_in_feeds
from groundwork.tasks.fitness.settings import fitness_settings

_SQL = Path(__file__).with_suffix(".sql")

Verb = Literal["post", "comment", "reaction", "follow"]

REPEAT_SECONDS = 3_600
"""Seconds after which a digest of an open group is asked for again, if the first has not come. Shorter than a digest
may wait (half an hour): more events, for nothing."""


class Named(BaseModel):
    """An activity, as an event names it."""

    actor_id: str
    post_id: str = ""
    object_id: str = ""


class Found(BaseModel):
    """An activity that holds, and for how many feeds it is.

    Attributes:
        followers: of its actor; counted up to one more than the rows of a step.
        pulled: it goes into no feed, since those are too many.
    """

    id: int
    followers: int
    pulled: bool


class Chunk(BaseModel):
    """A range of an actor's followers that has been served.

    Attributes:
        rows: that are new in feeds.
        last: the last follower of the range; None where there are no more behind it.
    """

    rows: int
    last: str | None


def take_up(connection: Connection, workspace_id: WorkspaceId, verb: Verb, named: Sequence[Named]) -> list[Found]:
    """Find the activities that hold, decide which are merged in by readers, and ask for the digests that tell of them.

    A post is merged in beyond ``GROUNDWORK_FEED_PUSH_FOLLOWERS`` followers, anything else beyond the rows of a step.

    Args:
        connection: a transaction, with which the events are sent.
    """
    settings = fitness_settings()
    values = {
        "workspace_id": str(workspace_id),
        "verb": verb,
        "named": _json(named),
        "most": settings.feed_push_followers if verb == "post" else settings.feed_rows_per_step,
        "rows": settings.feed_rows_per_step,
    }
    found = [Found(**row._mapping) for row in connection.execute(statement(_SQL, "take_up"), values)]
    if verb != "post":
        asked = {"workspace_id": str(workspace_id), "ids": [each.id for each in found], "seconds": REPEAT_SECONDS}
        receivers = connection.execute(statement(_SQL, "open_groups"), asked).scalars()
        send_many(
            (DigestWanted(workspace_id=workspace_id, member_id=each) for each in sorted({*receivers})), connection
        )
    return found


def slices(found: Iterable[Found], rows: int) -> list[list[int]]:
    """The ids of the activities in groups, each of which is for so many feeds together, or a single one."""
    groups: list[list[int]] = []
    left = 0
    for each in found:
        if not groups or each.followers > left:
            groups.append([])
            left = rows
        groups[-1].append(each.id)
        left -= each.followers
    return groups


def push(connection: Connection, workspace_id: WorkspaceId, ids: Sequence[int]) -> int:
    """Put activities into the feeds of all who follow their actors.

    Returns:
        The rows that are new.
    """
    write_in_feeds(connection, workspace_id)
    values = {"workspace_id": str(workspace_id), "ids": list(ids)}
    return int(connection.execute(statement(_SQL, "push"), values).scalar_one())


def push_range(connection: Connection, workspace_id: WorkspaceId, activity_id: int, after: str) -> Chunk:
    """Put an activity into the feeds of the next of its actor's followers.

    Args:
        after: the follower behind whom the range begins, in order of ids; empty: at the first.
    """
    write_in_feeds(connection, workspace_id)
    rows = fitness_settings().feed_rows_per_step
    values = {"workspace_id": str(workspace_id), "id": activity_id, "after": after, "rows": rows}
    done = connection.execute(statement(_SQL, "push_range"), values).one()
    return Chunk(rows=done.rows, last=done.last if done.served == rows else None)


def copy_newest(connection: Connection, workspace_id: WorkspaceId, pairs: Sequence[Named]) -> int:
    """Copy the newest activities of those who are followed into the feeds of their new followers.

    Args:
        pairs: follower and followed, as their activities name them.

    Returns:
        The rows that are new.
    """
    write_in_feeds(connection, workspace_id)
    values = {"workspace_id": str(workspace_id), "named": _json(pairs), "length": fitness_settings().feed_length}
    return int(connection.execute(statement(_SQL, "copy_newest"), values).scalar_one())


def _json(named: Sequence[Named]) -> str:
    return f"[{','.join(each.model_dump_json() for each in named)}]"
