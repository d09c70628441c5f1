"""mails: addresses of users from which mail came back"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "mail_bounce",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="that it was; the user may have another since"),
        sa.Column("kind", sa.Text(), nullable=False, comment="hard: nothing is sent there; soft: it is tried again"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("kind IN ('hard', 'soft')", name=op.f("mail_bounce_kind_check")),
        sa.ForeignKeyConstraint(["user_id"], ["app.app_user.id"], name="mail_bounce_user_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name="mail_bounce_pkey"),
        schema="app",
        comment="addresses of users from which mail came back",
    )
