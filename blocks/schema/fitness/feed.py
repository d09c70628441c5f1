"""What members find in their feeds, and what digests are to tell them."""

from sqlalchemy import BigInteger, Column, Date, Index, Table, Text, Uuid, func

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.fitness.base import SCHEMA, TIMESTAMP

feed = Table(
    "feed",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("member_id", Text, primary_key=True, comment="whose feed it is"),
    Column("at", TIMESTAMP, primary_key=True, comment="the activity's"),
    Column("activity_id", BigInteger, primary_key=True),
    schema=SCHEMA,
    comment="what is undone, or of somebody who is followed no more, is not shown, and is removed later",
)

digest_group = Table(
    "digest_group",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("member_id", Text, primary_key=True, comment="who is to be told"),
    Column("verb", Text, primary_key=True),
    Column("post_id", Text, primary_key=True, comment="empty: it is about no post"),
    Column("opened_at", TIMESTAMP, nullable=False, server_default=func.now()),
    Column(
        "asked_at", TIMESTAMP, nullable=False, server_default=func.now(), comment="when a digest was last asked for"
    ),
    schema=SCHEMA,
    comment="open ones only; what is in them are the activities of the receiver that no digest has told of",
)

digest = Table(
    "digest",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("member_id", Text, primary_key=True),
    Column("delivery_id", Uuid, primary_key=True),
    Column("day", Date, nullable=False, comment="in the member's zone"),
    Column("closed_at", TIMESTAMP, nullable=False, server_default=func.now()),
    schema=SCHEMA,
    comment="mails, to count those of a day; forgotten after a week",
)
Index("digest_closed_at_idx", digest.c.closed_at)
