"""Inngest's clients: ids of requests, ids of senders across names, and events whose type is not known yet"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"

_SCHEMA = "groundwork"


def upgrade() -> None:
    op.add_column(
        "event",
        sa.Column("request_id", sa.Uuid(), comment="which repeated requests of this source have in common"),
        schema=_SCHEMA,
    )
    op.add_column(
        "event", sa.Column("sent_id", sa.Text(), comment="the sender's id, one for all names"), schema=_SCHEMA
    )
    op.create_table(
        "unknown_event",
        sa.Column("id", sa.Uuid(), nullable=False, comment="which the event keeps once it is accepted"),
        sa.Column("sequence", sa.BigInteger(), sa.Identity(), nullable=False, comment="order of arrival"),
        sa.Column("name", sa.Text(), nullable=False, comment="as it was sent"),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("workspace_from", sa.Text(), nullable=False, comment="where it was found: a path, or key"),
        sa.Column("document", JSONB(), nullable=False, comment="the whole event, as it was sent"),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="name of the key that sent it"),
        sa.Column("request_id", sa.Uuid(), comment="which repeated requests of this source have in common"),
        sa.Column("sent_id", sa.Text(), comment="the sender's id, one for all names"),
        sa.PrimaryKeyConstraint("id", name=op.f("unknown_event_pkey")),
        schema=_SCHEMA,
        comment="events whose type is not known yet, as they were sent",
    )
    for table in ("event", "unknown_event"):
        op.create_index(
            f"{table}_request_idx",
            table,
            ["source", "request_id"],
            unique=True,
            schema=_SCHEMA,
            postgresql_where=sa.text("request_id IS NOT NULL"),
        )
        op.create_index(
            f"{table}_sent_idx",
            table,
            ["workspace_id", "sent_id"],
            unique=True,
            schema=_SCHEMA,
            postgresql_where=sa.text("sent_id IS NOT NULL"),
        )
    op.create_index("unknown_event_name_idx", "unknown_event", ["name", "sequence"], schema=_SCHEMA)
    op.create_index("unknown_event_accepted_at_idx", "unknown_event", ["accepted_at"], schema=_SCHEMA)
