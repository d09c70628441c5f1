"""Who follows whom, posts, comments, reactions, and the activities that feeds and digests are made of."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy import text as sql

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.fitness.base import SCHEMA, TIMESTAMP

VERBS = ("post", "comment", "reaction", "follow")

follow = Table(
    "follow",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("follower_id", Text, primary_key=True),
    Column("followed_id", Text, primary_key=True),
    Column("since", TIMESTAMP, nullable=False, server_default=func.now()),
    CheckConstraint("follower_id <> followed_id", name="another"),
    schema=SCHEMA,
    comment="current ones only",
)
Index("follow_workspace_id_followed_id_follower_id_idx", *(follow.c[each] for each in (
    "workspace_id", "followed_id", "follower_id",
)))  # fmt: skip

post = Table(
    "post",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("member_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now()),
    Column("deleted_at", TIMESTAMP),
    schema=SCHEMA,
)

comment = Table(
    "comment",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("post_id", Text, nullable=False),
    Column("member_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now()),
    Column("deleted_at", TIMESTAMP),
    schema=SCHEMA,
)
Index("comment_workspace_id_post_id_created_at_idx", *(comment.c[each] for each in (
    "workspace_id", "post_id", "created_at",
)))  # fmt: skip

reaction = Table(
    "reaction",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("post_id", Text, primary_key=True),
    Column("member_id", Text, primary_key=True),
    Column("reaction", Text, primary_key=True, comment="such as like"),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now()),
    schema=SCHEMA,
    comment="current ones only",
)

activity = Table(
    "activity",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("workspace_id", Text, nullable=False),
    Column("actor_id", Text, nullable=False, comment="member who did it"),
    Column("verb", Text, nullable=False),
    Column("post_id", Text, nullable=False, server_default="", comment="empty: it is about no post"),
    Column("object_id", Text, nullable=False, server_default="", comment="comment, reaction, or who is followed"),
    Column("receiver_id", Text, comment="member whom a digest tells of it; None: nobody"),
    Column("at", TIMESTAMP, nullable=False, server_default=func.clock_timestamp(), comment="of the first time"),
    Column("undone_at", TIMESTAMP, comment="None: it holds; done again, it is this row that holds again"),
    Column("told_at", TIMESTAMP, comment="when a digest told of it; stays when it is undone and done again"),
    Column(
        "pulled",
        Boolean,
        nullable=False,
        server_default=sql("false"),
        comment="too many followers: it is in no feed, and readers merge it in",
    ),
    UniqueConstraint("workspace_id", "actor_id", "verb", "post_id", "object_id"),
    CheckConstraint(f"verb IN {VERBS}", name="verb"),
    schema=SCHEMA,
)
Index(
    "activity_holding_idx",
    *(activity.c[each] for each in ("workspace_id", "actor_id", "at", "id")),
    postgresql_where=activity.c.undone_at.is_(None),
)
Index(
    "activity_pulled_idx",
    *(activity.c[each] for each in ("workspace_id", "actor_id", "at", "id")),
    postgresql_where=activity.c.pulled,
)
Index(
    "activity_untold_idx",
    *(activity.c[each] for each in ("workspace_id", "receiver_id")),
    postgresql_where=sql("told_at IS NULL AND undone_at IS NULL AND receiver_id IS NOT NULL"),
)
