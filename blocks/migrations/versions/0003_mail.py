"""what mails of the contacts application need"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "app_user",
        sa.Column("notify_weekly_digest", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        schema="app",
    )
    op.create_table(
        "welcome_mail",
        sa.Column(
            "user_id", sa.Text(), nullable=False, comment="kept when the user is deleted: at most one mail for ever"
        ),
        sa.Column("delivery_id", sa.Uuid(), nullable=False, comment="the only delivery that may send it"),
        sa.Column(
            "claimed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("user_id", name="welcome_mail_pkey"),
        schema="app",
    )
    op.create_table(
        "weekly_figures",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("week", sa.Text(), nullable=False, comment="ISO 8601, such as 2026-W47"),
        sa.Column(
            "figures",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="as the digest told them; the next one compares with them",
        ),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "week", name="weekly_figures_pkey"),
        schema="app",
    )
