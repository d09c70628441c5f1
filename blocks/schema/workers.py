"""Workers of this project's own type. Prefect knows which workers there are, and not how much each may hold."""

from sqlalchemy import Column, DateTime, Integer, Table, Text, Uuid

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.inbox import SCHEMA

worker = Table(
    "worker",
    metadata,
    Column("id", Uuid, primary_key=True, comment="of its process"),
    Column("name", Text, nullable=False, comment="in Prefect"),
    Column("work_pool", Text, nullable=False),
    Column("places", Integer, comment="runs at once; null: as many as its work pool allows"),
    Column("session_pid", Integer, comment="of the session in which it listens; null: it hears nothing"),
    Column("seen_at", DateTime(timezone=True), nullable=False, comment="when it last told of itself"),
    schema=SCHEMA,
    comment="workers of this project's own type, as far as they tell of themselves",
)
