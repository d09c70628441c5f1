"""Benchmarks: sets lifted to failure or near it, with the strength that they are worth."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Float, Index, Integer, Table, Text, func, text

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.fitness.base import SCHEMA, TIMESTAMP

benchmark = Table(
    "benchmark",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("member_id", Text, nullable=False),
    Column("exercise", Text, nullable=False),
    Column("day", Date, nullable=False, comment="in the zone where the member was then"),
    Column("weight_kg", Float, nullable=False),
    Column("repetitions", Integer, nullable=False),
    Column("deleted", Boolean, nullable=False, server_default=text("false")),
    Column("updated_at", TIMESTAMP, nullable=False, server_default=func.now()),
    Column("epley_kg", Float, comment="estimated one-repetition maximum"),
    Column("brzycki_kg", Float, comment="likewise; None from 37 repetitions on"),
    Column("estimate_kg", Float, comment="what counts; None beyond 12 repetitions"),
    Column("baseline_kg", Float, comment="mean of the member's best on up to three days of this exercise before"),
    CheckConstraint("weight_kg > 0 AND weight_kg <= 1000", name="weight_kg"),
    CheckConstraint("repetitions BETWEEN 1 AND 100", name="repetitions"),
    schema=SCHEMA,
)
Index("benchmark_member_idx", benchmark.c.workspace_id, benchmark.c.member_id, benchmark.c.exercise, benchmark.c.day)
