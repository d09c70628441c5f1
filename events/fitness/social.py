"""Events of the category ``social``: who follows whom, posts, comments, reactions, and what is told and tidied."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from groundwork.events.base import WIRE, Event
from groundwork.events.identifiers import RecordId

Reaction = Annotated[str, Field(pattern=r"^[a-z]{1,20}$", description="Such as like or fire.")]


class SocialEvent(Event):
    """What every social event says."""

    actor_id: RecordId = Field(description="Member who did it.")
    at: AwareDatetime


class PostCreated(SocialEvent, name="platform/social.post-created"):
    """A member has posted something."""

    post_id: RecordId


class PostDeleted(SocialEvent, name="platform/social.post-deleted"):
    """A post is gone, from every feed."""

    post_id: RecordId


class ReactionAdded(SocialEvent, name="platform/social.reaction-added"):
    """A member reacts to a post."""

    post_id: RecordId
    reaction: Reaction


class ReactionRemoved(SocialEvent, name="platform/social.reaction-removed"):
    """A member takes a reaction back."""

    post_id: RecordId
    reaction: Reaction


class CommentAdded(SocialEvent, name="platform/social.comment-added"):
    """A member comments on a post."""

    post_id: RecordId
    comment_id: RecordId


class CommentDeleted(SocialEvent, name="platform/social.comment-deleted"):
    """A comment is gone, from every feed."""

    post_id: RecordId
    comment_id: RecordId


class FollowAdded(SocialEvent, name="platform/social.follow-added"):
    """A member follows another."""

    followed_id: RecordId


class FollowRemoved(SocialEvent, name="platform/social.follow-removed"):
    """A member follows another no more."""

    followed_id: RecordId


class DigestWanted(Event, name="platform/social.digest-wanted"):
    """There is something to tell a member. What it is, the activities say that no digest has told of."""

    member_id: RecordId


class DigestGroup(BaseModel):
    """What was done to one post, or that one is followed.

    Attributes:
        names: of the newest members; all of them, where they are few.
        others: members who are counted only.
        post: beginning of the post; empty where it is about none.
    """

    model_config = WIRE

    verb: str
    names: tuple[str, ...]
    others: int = Field(ge=0)
    post: str


class DigestClosed(Event, name="platform/social.digest-closed"):
    """A member is to be told of this, by one mail.

    Attributes:
        groups: the newest first.
        more: groups beyond those.
    """

    member_id: RecordId
    groups: Annotated[tuple[DigestGroup, ...], Field(min_length=1, max_length=100)]
    more: int = Field(ge=0)


class FeedTrimDue(Event, name="platform/social.feed-trim-due"):
    """Feeds are to be cut to their length, and rid of what is not shown any more: those of all workspaces."""
