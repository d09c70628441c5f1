"""what keeps everybody's deliveries waiting until an operator acts is told of once"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column(
        "wait",
        sa.Column(
            "blockage", sa.Text(), comment="what a step's next try waits for that an operator has to mend, such as mail"
        ),
        schema="groundwork",
    )
    op.create_index(
        "wait_blockage_idx",
        "wait",
        ["blockage", "due_at"],
        schema="groundwork",
        postgresql_where=sa.text("blockage IS NOT NULL"),
    )
    op.create_table(
        "blockage",
        sa.Column("subject", sa.Text(), nullable=False, comment="such as mail"),
        sa.Column(
            "id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False, comment="of Prefect's event"
        ),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column(
            "posted",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="whether Prefect has an event of it",
        ),
        sa.PrimaryKeyConstraint("subject", name="blockage_pkey"),
        schema="groundwork",
        comment="what keeps everybody's deliveries waiting now until an operator acts, and was told of",
    )
