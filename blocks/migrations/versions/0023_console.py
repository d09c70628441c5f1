"""the console: indexes of what people look through, and what they changed"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023"
down_revision = "0022"

_SCHEMA = "groundwork"


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False, comment="name of the key that the person signed in with"),
        sa.Column("action", sa.Text(), nullable=False, comment="replay, discard, pause, resume or set"),
        sa.Column("job", sa.Text(), comment="null: of several"),
        sa.Column("workspace_id", sa.Text(), comment="null: of all"),
        sa.Column("details", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_entry_pkey")),
        schema=_SCHEMA,
        comment="changes that people made in the console; written with the change, and kept",
    )
    for column in ("workspace_id", "name"):
        op.create_index(op.f(f"event_{column}_accepted_at_idx"), "event", [column, "accepted_at"], schema=_SCHEMA)
    op.create_index(
        "event_caused_idx",
        "event",
        ["correlation_id", "accepted_at"],
        schema=_SCHEMA,
        postgresql_where=sa.text("causation_id IS NOT NULL"),
    )
    op.create_index(
        "delivery_ended_idx",
        "delivery",
        ["job", "settled_at"],
        schema=_SCHEMA,
        postgresql_where=sa.text("settled_at IS NOT NULL"),
    )
