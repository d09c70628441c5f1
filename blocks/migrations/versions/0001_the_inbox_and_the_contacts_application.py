"""the inbox and the contacts application"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "app_user",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("notify_on_import_complete", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("notify_on_export_complete", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("app_user_pkey")),
        schema="app",
    )
    op.create_index(op.f("app_user_workspace_id_idx"), "app_user", ["workspace_id"], unique=False, schema="app")
    op.create_table(
        "contact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("custom", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("import_id", sa.Text(), nullable=True, comment="the import that wrote the row last"),
        sa.Column(
            "import_repeats",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="how often that import overwrote its own row: repeats of the e-mail within its file",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("contact_pkey")),
        sa.UniqueConstraint("workspace_id", "email", name=op.f("contact_workspace_id_email_key")),
        schema="app",
    )
    op.create_table(
        "csv_import",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("blob_path", sa.Text(), nullable=False, comment="key in the blob store"),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column(
            "summary",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="counts, as the job's table shows them",
        ),
        sa.Column("rejects_path", sa.Text(), nullable=True, comment="key of the rejected rows in the blob store"),
        sa.Column("error_log", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'completed_with_errors', 'failed')",
            name=op.f("csv_import_status_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("csv_import_pkey")),
        schema="app",
    )
    op.create_index(op.f("csv_import_workspace_id_idx"), "csv_import", ["workspace_id"], unique=False, schema="app")
    op.create_table(
        "import_skipped",
        sa.Column("import_id", sa.Text(), nullable=False),
        sa.Column(
            "email", sa.Text(), nullable=False, comment="left alone by on_conflict=skip; a second sight is a duplicate"
        ),
        sa.PrimaryKeyConstraint("import_id", "email", name=op.f("import_skipped_pkey")),
        schema="app",
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), nullable=False, comment="UUID version 7"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("dedupe_id", sa.Text(), nullable=False, comment="the sender's id, or our own where it gave none"),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "accepted_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="name of the key, or of the run, that sent it"),
        sa.Column("correlation_id", sa.Uuid(), nullable=False, comment="the first event of the chain"),
        sa.Column("causation_id", sa.Uuid(), nullable=True, comment="the event whose job sent this one"),
        sa.PrimaryKeyConstraint("id", name=op.f("event_pkey")),
        sa.UniqueConstraint("workspace_id", "name", "dedupe_id", name=op.f("event_workspace_id_name_dedupe_id_key")),
        schema="groundwork",
    )
    op.create_index(op.f("event_accepted_at_idx"), "event", ["accepted_at"], unique=False, schema="groundwork")
    op.create_table(
        "job",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("event_name", sa.Text(), nullable=False),
        sa.Column("lane_limit", sa.Integer(), server_default="1", nullable=False, comment="runs at once per workspace"),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False, comment="higher goes first"),
        sa.Column(
            "interactive",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="may use the reserved share",
        ),
        sa.Column(
            "ordered", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="retries keep their place"
        ),
        sa.Column("max_attempts", sa.Integer(), server_default="5", nullable=False),
        sa.Column("batch_size", sa.Integer(), server_default="1", nullable=False, comment="deliveries per run"),
        sa.Column("batch_wait_seconds", sa.Float(), server_default="0", nullable=False),
        sa.Column(
            "flow_control",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="debounce, throttle, …",
        ),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("job_pkey")),
        schema="groundwork",
    )
    op.create_index(op.f("job_event_name_idx"), "job", ["event_name"], unique=False, schema="groundwork")
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column(
            "sequence", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="order of acceptance"
        ),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column(
            "not_before",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            comment="start later",
        ),
        sa.Column(
            "expires_at", sa.DateTime(timezone=True), nullable=True, comment="not started by then: dropped visibly"
        ),
        sa.Column("flow_key", sa.Text(), nullable=True, comment="key of debounce, singleton and throttle"),
        sa.Column("cancel_key", sa.Text(), nullable=True, comment="an event with this key cancels it"),
        sa.Column("batch_id", sa.Uuid(), nullable=True, comment="deliveries that share one run"),
        sa.Column("dispatches", sa.Integer(), server_default="0", nullable=False, comment="runs asked for"),
        sa.Column(
            "attempt",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="runs that claimed it: the fencing token",
        ),
        sa.Column("max_attempts", sa.Integer(), server_default="5", nullable=False),
        sa.Column(
            "lease_expires_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="admitted: claim by then; running: renew by then",
        ),
        sa.Column("flow_run_id", sa.Uuid(), nullable=True, comment="the Prefect flow run of the current attempt"),
        sa.Column("progress", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column(
            "accepted_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("picked_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("process_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_step_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'admitted', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("delivery_state_check"),
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["groundwork.event.id"], name=op.f("delivery_event_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job"], ["groundwork.job.name"], name=op.f("delivery_job_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("delivery_pkey")),
        sa.UniqueConstraint("event_id", "job", name=op.f("delivery_event_id_job_key")),
        schema="groundwork",
    )
    op.create_index(
        "delivery_batch_id_idx",
        "delivery",
        ["batch_id"],
        unique=False,
        schema="groundwork",
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.create_index(
        "delivery_cancel_key_idx",
        "delivery",
        ["job", "cancel_key"],
        unique=False,
        schema="groundwork",
        postgresql_where=sa.text("cancel_key IS NOT NULL AND state IN ('queued', 'admitted', 'running')"),
    )
    op.create_index(
        "delivery_dead_idx",
        "delivery",
        ["job", "settled_at"],
        unique=False,
        schema="groundwork",
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index(
        "delivery_in_flight_idx",
        "delivery",
        ["job", "workspace_id", "lease_expires_at"],
        unique=False,
        schema="groundwork",
        postgresql_where=sa.text("state IN ('admitted', 'running')"),
    )
    op.create_index(
        "delivery_queued_idx",
        "delivery",
        ["job", "workspace_id", "sequence"],
        unique=False,
        schema="groundwork",
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "delivery_queued_order_idx",
        "delivery",
        [sa.literal_column("priority DESC"), "sequence"],
        unique=False,
        schema="groundwork",
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "lane_override",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("lane_limit", sa.Integer(), nullable=True, comment="null: the job's own"),
        sa.Column("weight", sa.Float(), server_default="1", nullable=False, comment="share between workspaces"),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["job"], ["groundwork.job.name"], name=op.f("lane_override_job_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("workspace_id", "job", name=op.f("lane_override_pkey")),
        schema="groundwork",
    )
    op.create_table(
        "step_ledger",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="what the step worked on, such as a chunk's number"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "written_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["groundwork.delivery.id"], name=op.f("step_ledger_delivery_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("delivery_id", "step", "key", name=op.f("step_ledger_pkey")),
        schema="groundwork",
    )


def downgrade() -> None:
    op.drop_table("step_ledger", schema="groundwork")
    op.drop_table("lane_override", schema="groundwork")
    op.drop_index(
        "delivery_queued_order_idx",
        table_name="delivery",
        schema="groundwork",
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.drop_index(
        "delivery_queued_idx", table_name="delivery", schema="groundwork", postgresql_where=sa.text("state = 'queued'")
    )
    op.drop_index(
        "delivery_in_flight_idx",
        table_name="delivery",
        schema="groundwork",
        postgresql_where=sa.text("state IN ('admitted', 'running')"),
    )
    op.drop_index(
        "delivery_dead_idx", table_name="delivery", schema="groundwork", postgresql_where=sa.text("state = 'failed'")
    )
    op.drop_index(
        "delivery_cancel_key_idx",
        table_name="delivery",
        schema="groundwork",
        postgresql_where=sa.text("cancel_key IS NOT NULL AND state IN ('queued', 'admitted', 'running')"),
    )
    op.drop_index(
        "delivery_batch_id_idx",
        table_name="delivery",
        schema="groundwork",
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.drop_table("delivery", schema="groundwork")
    op.drop_index(op.f("job_event_name_idx"), table_name="job", schema="groundwork")
    op.drop_table("job", schema="groundwork")
    op.drop_index(op.f("event_accepted_at_idx"), table_name="event", schema="groundwork")
    op.drop_table("event", schema="groundwork")
    op.drop_table("import_skipped", schema="app")
    op.drop_index(op.f("csv_import_workspace_id_idx"), table_name="csv_import", schema="app")
    op.drop_table("csv_import", schema="app")
    op.drop_table("contact", schema="app")
    op.drop_index(op.f("app_user_workspace_id_idx"), table_name="app_user", schema="app")
    op.drop_table("app_user", schema="app")
