"""Readings of wearables: one figure of a member, from one source."""

from sqlalchemy import Boolean, Column, Date, Float, Index, Table, Text, func, text

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.fitness.base import SCHEMA, TIMESTAMP

reading = Table(
    "reading",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("member_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("day", Date, nullable=False),
    Column("value", Float, nullable=False),
    Column("measured_at", TIMESTAMP, nullable=False),
    Column("updated_at", TIMESTAMP, nullable=False, server_default=func.now()),
    Column("deleted", Boolean, nullable=False, server_default=text("false")),
    schema=SCHEMA,
)
Index("reading_workspace_id_metric_day_idx", reading.c.workspace_id, reading.c.metric, reading.c.day)
