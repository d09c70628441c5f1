"""Waits of jobs, and what may answer them. ``docs/waiting.md`` tells how the two find each other."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    Uuid,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.inbox import SCHEMA

_timestamp = DateTime(timezone=True)

wait = Table(
    "wait",
    metadata,
    Column("delivery_id", Uuid, ForeignKey(f"{SCHEMA}.delivery.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True, comment="as the job's code has it"),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("workspace_id", Text, nullable=False),
    Column("due_at", _timestamp, nullable=False, comment="then it is over, answered or not"),
    Column("event_name", Text),
    Column("match", JSONB, comment="fields that the event has, in wire form"),
    Column("match_key", Text, comment="the first of them, for the index"),
    Column("since", _timestamp, comment="an event that was accepted from then on answers it"),
    Column("target_event_id", Uuid, comment="the event whose job is waited for"),
    Column("target_job", Text),
    Column("answer_event_id", Uuid),
    Column("answer", JSONB),
    Column("set_up_at", _timestamp, nullable=False, server_default=func.clock_timestamp()),
    Column("answered_at", _timestamp),
    Column("blockage", Text, comment="what a step's next try waits for that an operator has to mend, such as mail"),
    CheckConstraint("kind IN ('sleep', 'event', 'job', 'retry')", name="kind"),
    CheckConstraint("state IN ('waiting', 'answered', 'over')", name="state"),
    Index(
        "wait_event_idx",
        "workspace_id",
        "event_name",
        "match_key",
        postgresql_where=text("state = 'waiting' AND kind = 'event'"),
    ),
    Index("wait_target_idx", "target_event_id", postgresql_where=text("state = 'waiting' AND kind = 'job'")),
    Index("wait_blockage_idx", "blockage", "due_at", postgresql_where=text("blockage IS NOT NULL")),
    schema=SCHEMA,
    comment="what the body of a job waits for, and what came of it: the memo of a continued run",
)

awaited_event = Table(
    "awaited_event",
    metadata,
    Column("name", Text, primary_key=True),
    schema=SCHEMA,
    comment="names of events that a job has ever waited for",
)

blockage = Table(
    "blockage",
    metadata,
    Column("subject", Text, primary_key=True, comment="such as mail"),
    Column("id", Uuid, nullable=False, server_default=func.gen_random_uuid(), comment="of Prefect's event"),
    Column("began_at", _timestamp, nullable=False, server_default=func.clock_timestamp()),
    Column("posted", Boolean, nullable=False, server_default=false(), comment="whether Prefect has an event of it"),
    schema=SCHEMA,
    comment="what keeps everybody's deliveries waiting now until an operator acts, and was told of",
)

arrival = Table(
    "arrival",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("event_id", Uuid, comment="an event of a name that is waited for"),
    Column("delivery_id", Uuid, comment="a delivery that has ended and is waited for"),
    schema=SCHEMA,
    comment="what may answer waits: written with what it is about, taken by the relay",
)
