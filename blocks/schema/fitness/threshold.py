"""Thresholds that a workspace has set for its members' figures."""

from sqlalchemy import CheckConstraint, Column, Float, Integer, Table, Text, func

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.fitness.base import SCHEMA, TIMESTAMP

threshold = Table(
    "threshold",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("figure", Text, primary_key=True),
    Column("crossed_above", Float, comment="None: the workspace wants no alert of the figure"),
    Column("over_below", Float, comment="the risk is over when the figure has fallen below this"),
    Column("cool_down_days", Integer, nullable=False, comment="days after an alert without another of the figure"),
    Column("updated_at", TIMESTAMP, nullable=False, server_default=func.now()),
    CheckConstraint("over_below <= crossed_above AND crossed_above < 'Infinity'", name="limits"),
    CheckConstraint("cool_down_days BETWEEN 0 AND 365", name="cool_down_days"),
    schema=SCHEMA,
)
