"""What people changed in the console, who and when."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.inbox import SCHEMA

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("actor", Text, nullable=False, comment="name of the key that the person signed in with"),
    Column("action", Text, nullable=False, comment="replay, discard, pause, resume or set"),
    Column("job", Text, comment="null: of several"),
    Column("workspace_id", Text, comment="null: of all"),
    Column("details", JSONB, nullable=False, server_default=text("'{}'")),
    schema=SCHEMA,
    comment="changes that people made in the console; written with the change, and kept",
)
