"""one index has what holds a place, running or not; one alone serves a key; no look reads what waits for a time"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_index(
        "delivery_holding_idx",
        "delivery",
        ["job", "workspace_id", "lease_expires_at"],
        schema="groundwork",
        postgresql_where=sa.text("state IN ('admitted', 'running') OR (state = 'scheduled' AND keeps_place)"),
    )
    op.drop_index("delivery_in_flight_idx", table_name="delivery", schema="groundwork")
    op.drop_index("delivery_keeping_idx", table_name="delivery", schema="groundwork")
    op.drop_index("delivery_debounced_idx", table_name="delivery", schema="groundwork")
    op.create_index(
        "delivery_debounced_idx",
        "delivery",
        ["job", "workspace_id", "flow_key", "sequence"],
        schema="groundwork",
        postgresql_where=sa.text("state || '' = 'scheduled' AND flow_key <> ''"),
    )
