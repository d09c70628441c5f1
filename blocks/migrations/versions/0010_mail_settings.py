"""mail settings are rows, so that a new kind of mail needs no column"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_KINDS = {
    "notify_on_import_complete": "imports",
    "notify_on_export_complete": "exports",
    "notify_weekly_digest": "weekly-digest",
}


def upgrade() -> None:
    op.create_table(
        "notification_setting",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="of mails, as kind.txt beside their template names it"),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app.app_user.id"], name="notification_setting_user_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "kind", name="notification_setting_pkey"),
        schema="app",
        comment="a person who has no row for a kind of mail wants it",
    )
    setting = sa.table("notification_setting", *map(sa.column, ("user_id", "kind", "wanted")), schema="app")
    for column, kind in _KINDS.items():
        user = sa.table("app_user", sa.column("id"), sa.column(column, sa.Boolean()), schema="app")
        turned_off = sa.select(user.c.id, sa.literal(kind), sa.false()).where(~user.c[column])
        op.execute(sa.insert(setting).from_select(["user_id", "kind", "wanted"], turned_off))
        op.drop_column("app_user", column, schema="app")
