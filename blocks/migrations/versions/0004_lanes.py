"""lanes and flow control"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_STATES = "'scheduled', 'queued', 'admitted', 'running', 'done', 'failed', 'cancelled'"


def upgrade() -> None:
    op.drop_constraint(op.f("delivery_state_check"), "delivery", schema="groundwork")
    op.create_check_constraint(op.f("delivery_state_check"), "delivery", f"state IN ({_STATES})", schema="groundwork")
    op.execute("UPDATE groundwork.delivery SET flow_key = '' WHERE flow_key IS NULL")
    op.alter_column("delivery", "flow_key", nullable=False, server_default="", schema="groundwork",
                    comment="key of debounce or singleton within the lane")  # fmt: skip
    op.alter_column("delivery", "batch_id", schema="groundwork",
                    comment="deliveries that share one run have the id of the first of them")  # fmt: skip
    for column in (
        sa.Column(
            "superseded_by", sa.Uuid(), comment="the delivery that does its work: debounce, idempotency, singleton"
        ),
        sa.Column(
            "debounced_since",
            sa.DateTime(timezone=True),
            comment="acceptance of the first event that this one supersedes",
        ),
        sa.Column(
            "run_to_cancel",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="cancelled here while its run may live: the relay cancels the run in Prefect",
        ),
    ):
        op.add_column("delivery", column, schema="groundwork")
    walked = sa.Column(
        "walked_workspace_id", sa.Text(), server_default="", nullable=False, comment="where admission goes on walking"
    )
    op.add_column("job", walked, schema="groundwork")
    op.add_column(
        "job", sa.Column("walked_flow_key", sa.Text(), server_default="", nullable=False), schema="groundwork"
    )
    op.execute("UPDATE groundwork.delivery SET state = 'scheduled' WHERE state = 'queued' AND not_before > now()")
    for name in ("delivery_queued_idx", "delivery_queued_order_idx", "delivery_cancel_key_idx"):
        op.drop_index(name, table_name="delivery", schema="groundwork")
    _index("delivery_queued_idx", ["job", "workspace_id", "flow_key", "sequence"], "state = 'queued'")
    _index("delivery_scheduled_idx", ["not_before"], "state = 'scheduled'")
    _index(
        "delivery_debounced_idx",
        ["job", "workspace_id", "flow_key", "sequence"],
        "state = 'scheduled' AND flow_key <> ''",
    )
    _index("delivery_expiring_idx", ["expires_at"], "state IN ('scheduled', 'queued') AND expires_at IS NOT NULL")
    _index(
        "delivery_cancel_key_idx",
        ["job", "workspace_id", "cancel_key"],
        "cancel_key IS NOT NULL AND state IN ('scheduled', 'queued', 'admitted', 'running')",
    )
    _index("delivery_run_to_cancel_idx", ["id"], "run_to_cancel")
    op.create_table(
        "fair_share",
        sa.Column("workspace_id", sa.Text(), nullable=False, comment="empty: the virtual time itself"),
        sa.Column(
            "served", sa.Float(), nullable=False, comment="runs started, divided by weight: start-time fair queueing"
        ),
        sa.PrimaryKeyConstraint("workspace_id", name="fair_share_pkey"),
        schema="groundwork",
    )
    op.create_table(
        "throttle_start",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="throttle_start_pkey"),
        _job_key("throttle_start"),
        schema="groundwork",
    )
    op.create_index(
        "throttle_start_lane_idx", "throttle_start", ["job", "workspace_id", "started_at"], schema="groundwork"
    )
    op.create_table(
        "idempotency",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="of the event, as the job's idempotency names it"),
        sa.Column("delivery_id", sa.Uuid(), nullable=False, comment="the delivery that has the key"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job", "workspace_id", "key", name="idempotency_pkey"),
        _job_key("idempotency"),
        schema="groundwork",
    )


def _index(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "delivery", columns, schema="groundwork", postgresql_where=sa.text(where))


def _job_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["job"], ["groundwork.job.name"], name=f"{table}_job_fkey", ondelete="CASCADE")
