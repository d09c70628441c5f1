"""Workouts, each with the load that its member felt."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Float, Index, Table, Text, func, text

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.fitness.base import SCHEMA, TIMESTAMP

workout = Table(
    "workout",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("member_id", Text, nullable=False),
    Column("day", Date, nullable=False, comment="in the zone where the member was then; a later move changes nothing"),
    Column("minutes", Float, nullable=False),
    Column("rpe", Float, nullable=False, comment="rating of perceived exertion, CR10"),
    Column("deleted", Boolean, nullable=False, server_default=text("false")),
    Column("updated_at", TIMESTAMP, nullable=False, server_default=func.now()),
    # NaN is above every number in PostgreSQL, so these refuse it too.
    CheckConstraint("minutes > 0 AND minutes <= 1440", name="minutes"),
    CheckConstraint("rpe >= 0 AND rpe <= 10", name="rpe"),
    schema=SCHEMA,
)
Index(
    "workout_member_idx",
    workout.c.workspace_id,
    workout.c.member_id,
    workout.c.day,
    postgresql_include=["minutes", "rpe"],
    postgresql_where=~workout.c.deleted,
)
