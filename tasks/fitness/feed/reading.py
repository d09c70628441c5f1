"""What a member finds in the feed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId

_SQL = Path(__file__).with_suffix(".sql")

LONGEST_PAGE = 100
"""Items."""
_CURSOR = re.compile(r"(\d{1,17})-(\d{1,18})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_PAGE = datetime(9999, 1, 1, tzinfo=UTC), 2**63 - 1


@dataclass(frozen=True, slots=True)
class FeedItem:
    """Something that a followed member has done.

    Attributes:
        cursor: give the last one's to get the next page.
        verb: post, comment, reaction or follow.
        at: when it was first done.
        post_id, post_text: of the post that it is or that it is about; None for a follow.
        object_id: id of the comment, the reaction, or id of who is followed; empty for a post.
        comment_text: None for anything but a comment.
    """

    cursor: str
    verb: str
    at: datetime
    actor_id: str
    actor_name: str
    post_id: str | None
    post_text: str | None
    object_id: str
    comment_text: str | None


def feed(
    connection: Connection, workspace_id: WorkspaceId, member_id: str, before: str | None = None, *, limit: int = 20
) -> Sequence[FeedItem]:
    """A page of a member's feed, the newest first.

    Pages follow each other without gaps or repeats, however many items have the same time and however many come in at
    the top meanwhile. What was undone or deleted, and whose actor is followed no more, is not shown.

    Args:
        connection: nothing is written.
        before: cursor of the item behind which the page begins; None: the first page.
        limit: items, 1 to 100.

    Raises:
        NonRetriable: ``before`` is no cursor, or the limit is out of range.
    """
    if not 1 <= limit <= LONGEST_PAGE:
        raise NonRetriable(f"limit {limit}: a page has 1 to {LONGEST_PAGE} items")
    at, activity_id = _place(before)
    where = {"workspace_id": str(workspace_id), "member_id": member_id, "at": at, "id": activity_id, "limit": limit}
    return [
        FeedItem(
            cursor=_cursor(row.at, row.id),
            verb=row.verb,
            at=row.at,
            actor_id=row.actor_id,
            actor_name=row.actor_name,
            post_id=row.post_id or None,
            post_text=row.post_text,
            object_id=row.object_id,
            comment_text=row.comment_text,
        )
        for row in connection.execute(statement(_SQL, "feed"), where)
    ]


def _cursor(at: datetime, activity_id: int) -> str:
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}-{activity_id}"


def _place(cursor: str | None) -> tuple[datetime, int]:
    if cursor is None:
        return _FIRST_PAGE
    found = _CURSOR.fullmatch(cursor)
    if not found:
        raise NonRetriable(f"{cursor[:60]!r} is no cursor of a feed; give that of the last item of the page before")
    return _EPOCH + timedelta(microseconds=int(found[1])), int(found[2])
