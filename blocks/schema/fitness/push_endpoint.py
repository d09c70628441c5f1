"""Where a workspace has its scores and alerts pushed to."""

from sqlalchemy import Column, Integer, LargeBinary, Table, Text, Uuid, func

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.fitness.base import SCHEMA, TIMESTAMP

push_endpoint = Table(
    "push_endpoint",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("sealed_secret", LargeBinary, nullable=False, comment="of its signatures, encrypted"),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now()),
    Column("failures", Integer, nullable=False, server_default="0", comment="since it last took a push"),
    Column("failing_since", TIMESTAMP),
    Column("last_failure", Text, comment="in words"),
    Column("paused_at", TIMESTAMP, comment="None: pushes are sent"),
    Column("told_by", Uuid, comment="delivery that tells the owner of the pause"),
    schema=SCHEMA,
)
