"""gyms and their members"""

import sqlalchemy as sa
from alembic import op

revision = "fitness_0001"
down_revision = None
branch_labels = ("fitness",)


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS fitness")
    op.create_table(
        "gym",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False, comment="user who is told what no coach is there for"),
        sa.Column(
            "time_zone",
            sa.Text(),
            nullable=False,
            server_default="UTC",
            comment="IANA name; its nights are the gym's",
        ),
        sa.Column(
            "quiet_from",
            sa.Time(),
            nullable=False,
            server_default="21:00",
            comment="local; no digest is mailed from then",
        ),
        sa.Column("quiet_until", sa.Time(), nullable=False, server_default="07:00", comment="local; until then"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", name="gym_pkey"),
        schema="fitness",
    )
    op.create_table(
        "member",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "user_id", sa.Text(), comment="user of the application by whom the member reads mails; None: none yet"
        ),
        sa.Column("coach_id", sa.Text(), comment="user who is told of the member's alerts; None: the gym's owner"),
        sa.Column("time_zone", sa.Text(), comment="IANA name; None: the gym's"),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date()),
        sa.Column(
            "sleep_need_hours", sa.Float(), nullable=False, server_default="8", comment="a night, 7 to 9 for most"
        ),
        sa.CheckConstraint("sleep_need_hours BETWEEN 4 AND 12", name=op.f("member_sleep_need_hours_check")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="member_pkey"),
        schema="fitness",
    )
    op.create_index("member_workspace_id_user_id_idx", "member", ["workspace_id", "user_id"], schema="fitness")
