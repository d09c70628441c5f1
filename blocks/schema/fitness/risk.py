"""Risks: whether a member's figure is over its threshold, and what was told of it."""

from sqlalchemy import Boolean, Column, Date, Float, Index, Integer, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.fitness.base import SCHEMA, TIMESTAMP

risk = Table(
    "risk",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("member_id", Text, primary_key=True),
    Column("figure", Text, primary_key=True),
    Column("over", Boolean, nullable=False, comment="has crossed its threshold and not come back"),
    Column("value", Float, nullable=False),
    Column("crossed_above", Float, comment="threshold that was in force"),
    Column("day", Date, nullable=False, comment="which the value is of, in the member's zone"),
    Column("since", Date, comment="day of the crossing; None: never crossed"),
    Column("crossing", Integer, nullable=False, server_default=text("0"), comment="crossings so far"),
    Column("alerted", Integer, nullable=False, server_default=text("0"), comment="last crossing that was told"),
    Column("alerted_on", Date, comment="day of the last alert"),
    Column("reasons", JSONB, nullable=False, comment="figures that the value is made of"),
    Column("updated_at", TIMESTAMP, nullable=False, server_default=func.now()),
    schema=SCHEMA,
)
Index("risk_over_idx", risk.c.workspace_id, risk.c.figure, postgresql_where=risk.c.over)
