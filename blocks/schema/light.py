"""Light runs: the flow runs that carry them, and what their steps did. ``docs/light-runs.md`` tells how they work."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.inbox import SCHEMA

_timestamp = DateTime(timezone=True)

light_host = Table(
    "light_host",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("interactive", Boolean, nullable=False, comment="whose jobs it runs: interactive ones, or others"),
    Column("delivery_id", Uuid, nullable=False, comment="with which its run was asked for"),
    Column("dispatches", Integer, nullable=False, comment="of that delivery, then"),
    Column("asked_at", _timestamp, nullable=False, server_default=func.clock_timestamp()),
    Column("flow_run_id", Uuid, unique=True, comment="null: it has not begun"),
    Column("jobs", ARRAY(Text), nullable=False, server_default="{}", comment="that it has the code of"),
    Column("places", Integer, nullable=False, server_default="0"),
    Column("in_use", Integer, nullable=False, server_default="0"),
    Column("settled", BigInteger, nullable=False, server_default="0"),
    Column("began_at", _timestamp),
    Column("lease_expires_at", _timestamp, comment="renewed while its process lives"),
    Column("leaving_at", _timestamp, comment="it is about to end: another one is wanted"),
    Column("ended_at", _timestamp),
    schema=SCHEMA,
    comment="flow runs that carry light deliveries: asked for, at work, and ended not long ago",
)

step_execution = Table(
    "step_execution",
    metadata,
    Column("delivery_id", Uuid, ForeignKey(f"{SCHEMA}.delivery.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="in the order in which they ended"),
    Column("step", Text, nullable=False),
    Column("work", Text, comment="step and inputs, by which its result is found; null: it is not kept"),
    Column("began_at", _timestamp, nullable=False),
    Column("ended_at", _timestamp, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("error", Text, comment="why it failed"),
    Column("result", Text, comment="as the step's serializer writes it; null: in the blob store, or nowhere"),
    schema=SCHEMA,
    comment="what the steps of light runs did, and what the finished ones returned",
)
