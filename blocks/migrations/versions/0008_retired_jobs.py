"""jobs that are gone from the code: nothing more is delivered to them, and what they hold is kept"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column(
        "job",
        sa.Column(
            "retired_at",
            sa.DateTime(timezone=True),
            comment="gone from the code: nothing more is delivered to it",
        ),
        schema="groundwork",
    )
