"""Readings: what a wearable has measured of a member, one row per metric and object of the source."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Double, Index, Table, Text, false

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.fitness.base import SCHEMA, TIMESTAMP

reading = Table(
    "reading",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("member_id", Text, primary_key=True),
    Column("source", Text, primary_key=True, comment="provider, or what a file names"),
    Column("metric", Text, primary_key=True, comment="rMSSD and SDNN are two metrics"),
    Column("external_id", Text, primary_key=True, comment="of the object at the source that the value is a part of"),
    Column("day", Date, comment="where the member was; a sleep counts for the day it ends on. None: never known"),
    Column("value", Double, comment="in the unit of the metric. None: deleted before it was known"),
    Column("measured_at", TIMESTAMP),
    Column("updated_at", TIMESTAMP, nullable=False, comment="the provider's clock; the latest version stands"),
    Column("deleted", Boolean, nullable=False, server_default=false(), comment="kept, so that no late version revives"),
    CheckConstraint("deleted OR (day IS NOT NULL AND value IS NOT NULL AND measured_at IS NOT NULL)", name="whole"),
    schema=SCHEMA,
)
Index("reading_workspace_id_metric_day_idx", reading.c.workspace_id, reading.c.metric, reading.c.day)
