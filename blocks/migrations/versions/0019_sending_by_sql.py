"""sending by SQL: the event types as the database checks them, and the roles that are bound to workspaces"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0019"
down_revision = "0018"

_SCHEMA = "groundwork"


def upgrade() -> None:
    op.create_table(
        "event_type",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("alias_of", sa.Text(), comment="the event's own name, where this is another that senders give it"),
        sa.Column("shape", JSONB(), nullable=False, comment="what its data look like, as groundwork.send reads it"),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("event_type_pkey")),
        schema=_SCHEMA,
        comment="events that may be sent by SQL; a deploy writes them",
    )
    op.create_table(
        "sql_sender",
        sa.Column("role_name", sa.Text(), nullable=False),
        sa.Column("workspaces", ARRAY(sa.Text()), nullable=False, comment="for which it may send"),
        sa.PrimaryKeyConstraint("role_name", name=op.f("sql_sender_pkey")),
        schema=_SCHEMA,
        comment="roles that may send by SQL for some workspaces only",
    )
