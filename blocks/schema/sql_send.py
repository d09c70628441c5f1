"""What ``groundwork.send`` in PostgreSQL reads: event types, and roles that are bound to workspaces."""

from sqlalchemy import Column, DateTime, Table, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.inbox import SCHEMA

event_type = Table(
    "event_type",
    metadata,
    Column("name", Text, primary_key=True),
    Column("alias_of", Text, comment="the event's own name, where this is another that senders give it"),
    Column("shape", JSONB, nullable=False, comment="what its data look like, as groundwork.send reads it"),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    schema=SCHEMA,
    comment="events that may be sent by SQL; a deploy writes them",
)

sql_sender = Table(
    "sql_sender",
    metadata,
    Column("role_name", Text, primary_key=True),
    Column("workspaces", ARRAY(Text), nullable=False, comment="for which it may send"),
    schema=SCHEMA,
    comment="roles that may send by SQL for some workspaces only",
)
