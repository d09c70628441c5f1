"""a ledger row says which of several steps of one name has written it; rows of before say nothing"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    # A constant default rewrites no row, and a release that knows no identity goes on writing beside this one.
    op.add_column(
        "step_ledger",
        sa.Column(
            "identity",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="of the step: module and qualified name, or its given name; empty: of once(), or of an old release",
        ),
        schema="groundwork",
    )
    op.drop_constraint("step_ledger_pkey", "step_ledger", schema="groundwork")
    op.create_primary_key(
        "step_ledger_pkey", "step_ledger", ["delivery_id", "step", "key", "identity"], schema="groundwork"
    )
