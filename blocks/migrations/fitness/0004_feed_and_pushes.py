"""follows, posts, feeds, digests, push endpoints"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "fitness_0004"
down_revision = "fitness_0003"


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _now(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _moment(name: str, comment: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), comment=comment)


def upgrade() -> None:
    _social()
    _activity()
    _feed()
    op.create_table(
        "push_endpoint",
        _key("workspace_id"),
        _key("url"),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False, comment="of its signatures, encrypted"),
        _now("created_at"),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False, comment="since it last took a push"),
        _moment("failing_since"),
        sa.Column("last_failure", sa.Text(), comment="in words"),
        _moment("paused_at", "None: pushes are sent"),
        sa.Column("told_by", sa.Uuid(), comment="delivery that tells the owner of the pause"),
        sa.PrimaryKeyConstraint("workspace_id", name="push_endpoint_pkey"),
        schema="fitness",
    )


def _social() -> None:
    op.create_table(
        "follow",
        _key("workspace_id"),
        _key("follower_id"),
        _key("followed_id"),
        _now("since"),
        sa.CheckConstraint("follower_id <> followed_id", name=op.f("follow_another_check")),
        sa.PrimaryKeyConstraint("workspace_id", "follower_id", "followed_id", name="follow_pkey"),
        schema="fitness",
        comment="current ones only",
    )
    op.create_index(
        "follow_workspace_id_followed_id_follower_id_idx",
        "follow",
        ["workspace_id", "followed_id", "follower_id"],
        schema="fitness",
    )
    op.create_table(
        "post",
        _key("workspace_id"),
        _key("id"),
        _key("member_id"),
        _key("text"),
        _now("created_at"),
        _moment("deleted_at"),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="post_pkey"),
        schema="fitness",
    )
    op.create_table(
        "comment",
        _key("workspace_id"),
        _key("id"),
        _key("post_id"),
        _key("member_id"),
        _key("text"),
        _now("created_at"),
        _moment("deleted_at"),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="comment_pkey"),
        schema="fitness",
    )
    op.create_index(
        "comment_workspace_id_post_id_created_at_idx",
        "comment",
        ["workspace_id", "post_id", "created_at"],
        schema="fitness",
    )
    op.create_table(
        "reaction",
        _key("workspace_id"),
        _key("post_id"),
        _key("member_id"),
        sa.Column("reaction", sa.Text(), nullable=False, comment="such as like"),
        _now("created_at"),
        sa.PrimaryKeyConstraint("workspace_id", "post_id", "member_id", "reaction", name="reaction_pkey"),
        schema="fitness",
        comment="current ones only",
    )


def _activity() -> None:
    op.create_table(
        "activity",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        _key("workspace_id"),
        sa.Column("actor_id", sa.Text(), nullable=False, comment="member who did it"),
        _key("verb"),
        sa.Column("post_id", sa.Text(), server_default="", nullable=False, comment="empty: it is about no post"),
        sa.Column(
            "object_id", sa.Text(), server_default="", nullable=False, comment="comment, reaction, or who is followed"
        ),
        sa.Column("receiver_id", sa.Text(), comment="member whom a digest tells of it; None: nobody"),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            comment="of the first time",
        ),
        _moment("undone_at", "None: it holds; done again, it is this row that holds again"),
        _moment("told_at", "when a digest told of it; stays when it is undone and done again"),
        sa.Column(
            "pulled",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="too many followers: it is in no feed, and readers merge it in",
        ),
        sa.CheckConstraint("verb IN ('post', 'comment', 'reaction', 'follow')", name=op.f("activity_verb_check")),
        sa.PrimaryKeyConstraint("id", name="activity_pkey"),
        sa.UniqueConstraint(
            "workspace_id",
            "actor_id",
            "verb",
            "post_id",
            "object_id",
            name="activity_workspace_id_actor_id_verb_post_id_object_id_key",
        ),
        schema="fitness",
    )
    for name, condition in (("holding", "undone_at IS NULL"), ("pulled", "pulled")):
        op.create_index(
            f"activity_{name}_idx",
            "activity",
            ["workspace_id", "actor_id", "at", "id"],
            schema="fitness",
            postgresql_where=sa.text(condition),
        )
    op.create_index(
        "activity_untold_idx",
        "activity",
        ["workspace_id", "receiver_id"],
        schema="fitness",
        postgresql_where=sa.text("told_at IS NULL AND undone_at IS NULL AND receiver_id IS NOT NULL"),
    )


def _feed() -> None:
    op.create_table(
        "feed",
        _key("workspace_id"),
        sa.Column("member_id", sa.Text(), nullable=False, comment="whose feed it is"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="the activity's"),
        sa.Column("activity_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "member_id", "at", "activity_id", name="feed_pkey"),
        schema="fitness",
        comment="what is undone, or of somebody who is followed no more, is not shown, and is removed later",
    )
    op.create_table(
        "digest_group",
        _key("workspace_id"),
        sa.Column("member_id", sa.Text(), nullable=False, comment="who is to be told"),
        _key("verb"),
        sa.Column("post_id", sa.Text(), nullable=False, comment="empty: it is about no post"),
        _now("opened_at"),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="when a digest was last asked for",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "member_id", "verb", "post_id", name="digest_group_pkey"),
        schema="fitness",
        comment="open ones only; what is in them are the activities of the receiver that no digest has told of",
    )
    op.create_table(
        "digest",
        _key("workspace_id"),
        _key("member_id"),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="in the member's zone"),
        _now("closed_at"),
        sa.PrimaryKeyConstraint("workspace_id", "member_id", "delivery_id", name="digest_pkey"),
        schema="fitness",
        comment="mails, to count those of a day; forgotten after a week",
    )
    op.create_index("digest_closed_at_idx", "digest", ["closed_at"], schema="fitness")
