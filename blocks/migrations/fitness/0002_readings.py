"""connections to providers of wearables, and readings"""

import sqlalchemy as sa
from alembic import op

revision = "fitness_0002"
down_revision = "fitness_0001"


def upgrade() -> None:
    op.create_table(
        "connection",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column(
            "provider_user",
            sa.Text(),
            nullable=False,
            comment="id of the person there; webhooks find the member by it",
        ),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("reason", sa.Text(), comment="why it is broken, in words"),
        sa.Column("access_token", sa.LargeBinary(), comment="sealed"),
        sa.Column("refresh_token", sa.LargeBinary(), comment="sealed"),
        sa.Column("expires_at", sa.DateTime(timezone=True), comment="of the access token"),
        sa.Column("connected_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="state or tokens",
        ),
        sa.CheckConstraint("provider IN ('oura', 'whoop', 'garmin')", name=op.f("connection_provider_check")),
        sa.CheckConstraint("state IN ('active', 'broken', 'ended')", name=op.f("connection_state_check")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "member_id"],
            ["fitness.member.workspace_id", "fitness.member.id"],
            name=op.f("connection_workspace_id_member_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "member_id", "provider", name="connection_pkey"),
        schema="fitness",
    )
    op.create_index(
        "connection_provider_provider_user_workspace_id_key",
        "connection",
        ["provider", "provider_user", "workspace_id"],
        unique=True,
        schema="fitness",
    )
    op.create_table(
        "reading",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="provider, or what a file names"),
        sa.Column("metric", sa.Text(), nullable=False, comment="rMSSD and SDNN are two metrics"),
        sa.Column(
            "external_id",
            sa.Text(),
            nullable=False,
            comment="of the object at the source that the value is a part of",
        ),
        sa.Column(
            "day", sa.Date(), comment="where the member was; a sleep counts for the day it ends on. None: never known"
        ),
        sa.Column("value", sa.Double(), comment="in the unit of the metric. None: deleted before it was known"),
        sa.Column("measured_at", sa.DateTime(timezone=True)),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="the provider's clock; the latest version stands",
        ),
        sa.Column(
            "deleted",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="kept, so that no late version revives",
        ),
        sa.CheckConstraint(
            "deleted OR (day IS NOT NULL AND value IS NOT NULL AND measured_at IS NOT NULL)",
            name=op.f("reading_whole_check"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "member_id", "source", "metric", "external_id", name="reading_pkey"),
        schema="fitness",
    )
    op.create_index(
        "reading_workspace_id_metric_day_idx", "reading", ["workspace_id", "metric", "day"], schema="fitness"
    )
