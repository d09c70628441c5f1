"""how a workspace's people write dates, times and numbers"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "workspace_setting",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False, comment="of numbers and dates, such as de or en-US"),
        sa.Column("time_zone", sa.Text(), nullable=False, comment="IANA name"),
        sa.PrimaryKeyConstraint("workspace_id", name="workspace_setting_pkey"),
        schema="app",
        comment="a workspace without a row has en-GB and UTC",
    )
