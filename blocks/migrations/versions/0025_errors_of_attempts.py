"""errors of attempts: a delivery keeps why each of its attempts ended, not the last one's reason alone"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0024"

_COMMENT = "why attempts ended that did not do it: the last 20, each with number, time, run and 4,000 characters"
_FUNCTION = """
CREATE FUNCTION groundwork.with_error(errors jsonb, attempt integer, flow_run_id uuid, error text) RETURNS jsonb
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN CASE
    WHEN jsonb_array_length(errors) >= 20 THEN errors - 0
    ELSE coalesce(errors, '[]'::jsonb)
END || jsonb_build_object(
    'attempt', attempt, 'at', clock_timestamp(), 'flow_run_id', flow_run_id, 'error', left(error, 4000)
)
"""
_FUNCTION_COMMENT = (
    "Errors of a delivery with one more. attempt: null where no run had claimed it. The oldest goes where there are 20."
)


def upgrade() -> None:
    op.add_column("delivery", sa.Column("attempt_errors", JSONB(), comment=_COMMENT), schema="groundwork")
    op.execute(_FUNCTION)
    op.execute(f"COMMENT ON FUNCTION groundwork.with_error(jsonb, integer, uuid, text) IS '{_FUNCTION_COMMENT}'")
