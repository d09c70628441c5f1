"""light runs: jobs whose deliveries share a flow run, the hosts, and the executions of steps"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0016"
down_revision = "0015"

_SCHEMA = "groundwork"


def upgrade() -> None:
    op.add_column(
        "job",
        sa.Column(
            "light",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="its deliveries share a flow run, the host",
        ),
        schema=_SCHEMA,
    )
    op.add_column(
        "delivery",
        sa.Column(
            "deaths",
            sa.SmallInteger(),
            server_default="0",
            nullable=False,
            comment="runs that died with it: a light delivery is run alone after the second",
        ),
        schema=_SCHEMA,
    )
    # Not on flow_run_id alone: a host settles a hundred thousand deliveries.
    op.create_index(
        "delivery_held_idx",
        "delivery",
        ["flow_run_id"],
        schema=_SCHEMA,
        postgresql_where=sa.text("state = 'running' AND lease_expires_at IS NOT NULL"),
    )
    op.create_table(
        "light_host",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column(
            "interactive", sa.Boolean(), nullable=False, comment="whose jobs it runs: interactive ones, or others"
        ),
        sa.Column("delivery_id", sa.Uuid(), nullable=False, comment="with which its run was asked for"),
        sa.Column("dispatches", sa.Integer(), nullable=False, comment="of that delivery, then"),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.Column("flow_run_id", sa.Uuid(), comment="null: it has not begun"),
        sa.Column("jobs", ARRAY(sa.Text()), server_default="{}", nullable=False, comment="that it has the code of"),
        sa.Column("places", sa.Integer(), server_default="0", nullable=False),
        sa.Column("in_use", sa.Integer(), server_default="0", nullable=False),
        sa.Column("settled", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True)),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), comment="renewed while its process lives"),
        sa.Column("leaving_at", sa.DateTime(timezone=True), comment="it is about to end: another one is wanted"),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("light_host_pkey")),
        sa.UniqueConstraint("flow_run_id", name=op.f("light_host_flow_run_id_key")),
        schema=_SCHEMA,
        comment="flow runs that carry light deliveries: asked for, at work, and ended not long ago",
    )
    op.create_table(
        "step_execution",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="in the order in which they ended"),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("work", sa.Text(), comment="step and inputs, by which its result is found; null: it is not kept"),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), comment="why it failed"),
        sa.Column(
            "result", sa.Text(), comment="as the step's serializer writes it; null: in the blob store, or nowhere"
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            [f"{_SCHEMA}.delivery.id"],
            name=op.f("step_execution_delivery_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", "attempt", "number", name=op.f("step_execution_pkey")),
        schema=_SCHEMA,
        comment="what the steps of light runs did, and what the finished ones returned",
    )
