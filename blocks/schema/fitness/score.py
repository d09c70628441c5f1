"""Scores: a member's training load of one day, with everything that it is made of."""

from sqlalchemy import Column, Date, Float, Integer, Table, Text

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.fitness.base import SCHEMA

score = Table(
    "score",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("member_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("number", Integer, nullable=False, comment="days since the first record, from 1"),
    Column("load", Float, nullable=False, comment="RPE x minutes of the day; 0 without a record"),
    Column("acute", Float, nullable=False, comment="EWMA of 7 days"),
    Column("chronic", Float, nullable=False, comment="EWMA of 28 days"),
    Column("ratio", Float, comment="acute / chronic; None in the first 28 days and at chronic 0"),
    Column("week_load", Float, nullable=False, comment="sum of 7 days"),
    Column("usual_week_load", Float, comment="mean week of the 28 days before these; None until there are such"),
    Column("monotony", Float, comment="mean / SD of 7 days, at most 10; None without a load, and before day 7"),
    Column("strain", Float, comment="week_load x monotony"),
    schema=SCHEMA,
)
