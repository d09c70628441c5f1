"""What mails of the contacts application leave behind."""

from sqlalchemy import Column, DateTime, Table, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB

from groundwork.blocks.schema.base import metadata

SCHEMA = "app"
_timestamp = DateTime(timezone=True)

welcome_mail = Table(
    "welcome_mail",
    metadata,
    Column("user_id", Text, primary_key=True, comment="kept when the user is deleted: at most one mail for ever"),
    Column("delivery_id", Uuid, nullable=False, comment="the only delivery that may send it"),
    Column("claimed_at", _timestamp, nullable=False, server_default=func.clock_timestamp()),
    schema=SCHEMA,
)

weekly_figures = Table(
    "weekly_figures",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("week", Text, primary_key=True, comment="ISO 8601, such as 2026-W47"),
    Column("figures", JSONB, nullable=False, comment="as the digest told them; the next one compares with them"),
    Column("created_at", _timestamp, nullable=False, server_default=func.clock_timestamp()),
    schema=SCHEMA,
)
