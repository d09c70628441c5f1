"""Connections: which member's data comes from which account of a provider of wearables."""

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, LargeBinary, Table, Text, func

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.fitness.base import SCHEMA, TIMESTAMP

PROVIDERS = ("oura", "whoop", "garmin")
"""Providers that a member can be connected to. Apple Health has no account: its file is uploaded."""
STATES = ("active", "broken", "ended")
"""active: data is fetched. broken: the provider refuses the tokens. ended: the member has disconnected."""

connection = Table(
    "connection",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("member_id", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("provider_user", Text, nullable=False, comment="id of the person there; webhooks find the member by it"),
    Column("state", Text, nullable=False, server_default="active"),
    Column("reason", Text, comment="why it is broken, in words"),
    Column("access_token", LargeBinary, comment="sealed"),
    Column("refresh_token", LargeBinary, comment="sealed"),
    Column("expires_at", TIMESTAMP, comment="of the access token"),
    Column("connected_at", TIMESTAMP, nullable=False, server_default=func.now()),
    Column("changed_at", TIMESTAMP, nullable=False, server_default=func.now(), comment="state or tokens"),
    ForeignKeyConstraint(
        ["workspace_id", "member_id"],
        [f"{SCHEMA}.member.workspace_id", f"{SCHEMA}.member.id"],
        ondelete="CASCADE",
    ),
    CheckConstraint(f"provider IN {PROVIDERS}", name="provider"),
    CheckConstraint(f"state IN {STATES}", name="state"),
    schema=SCHEMA,
)
Index(
    "connection_provider_provider_user_workspace_id_key",
    connection.c.provider,
    connection.c.provider_user,
    connection.c.workspace_id,
    unique=True,
)
