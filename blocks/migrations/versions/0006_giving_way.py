"""when each job was last admitted: while interactive jobs are in use, bulk jobs give way"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column(
        "job",
        sa.Column(
            "last_admitted_at",
            sa.DateTime(timezone=True),
            comment="while interactive jobs are in use, bulk jobs give way",
        ),
        schema="groundwork",
    )
