"""how many events stand before each in its chain, so that one that jobs send round and round comes to an end"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column(
        "event",
        sa.Column(
            "depth",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="events before it in its chain",
        ),
        schema="groundwork",
    )
