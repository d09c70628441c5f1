"""workers: which are there, what each may hold, and which of them a run is meant for; work pools of jobs"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_SCHEMA = "groundwork"


def upgrade() -> None:
    op.create_table(
        "worker",
        sa.Column("id", sa.Uuid(), nullable=False, comment="of its process"),
        sa.Column("name", sa.Text(), nullable=False, comment="in Prefect"),
        sa.Column("work_pool", sa.Text(), nullable=False),
        sa.Column("places", sa.Integer(), comment="runs at once; null: as many as its work pool allows"),
        sa.Column("session_pid", sa.Integer(), comment="of the session in which it listens; null: it hears nothing"),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, comment="when it last told of itself"),
        sa.PrimaryKeyConstraint("id", name=op.f("worker_pkey")),
        schema=_SCHEMA,
        comment="workers of this project's own type, as far as they tell of themselves",
    )
    op.add_column(
        "delivery", sa.Column("worker_id", sa.Uuid(), comment="the worker that its run is meant for"), schema=_SCHEMA
    )
    op.add_column(
        "job",
        sa.Column(
            "work_pool",
            sa.Text(),
            server_default="groundwork",
            nullable=False,
            comment="whose workers run it: its capacity is what they may hold",
        ),
        schema=_SCHEMA,
    )
