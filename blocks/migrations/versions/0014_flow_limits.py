"""limits beyond one lane: by key, over several jobs, by a field's priority, by rate; a job that is held says why"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0014"
down_revision = "0013"

_SCHEMA = "groundwork"
_JOB_LIMIT = """
CREATE VIEW groundwork.job_limit AS
SELECT job.name AS job,
       said ->> 'kind' AS kind,
       coalesce(said ->> 'name', job.name) AS name,
       coalesce(said ->> 'field', '') AS field,
       CAST(said ->> 'most' AS int) AS most,
       CAST(said ->> 'period' AS float) AS period,
       CAST(said ->> 'per_workspace' AS boolean) AS per_workspace
FROM groundwork.job
CROSS JOIN LATERAL jsonb_array_elements(job.flow_control -> 'limits') AS said
"""
_LIMIT_USE = """
CREATE VIEW groundwork.limit_use AS
SELECT kind, name, field, what.within, what.key, count(*) AS units
FROM groundwork.job_limit
JOIN groundwork.delivery USING (job)
CROSS JOIN LATERAL (
    SELECT CASE WHEN per_workspace THEN delivery.workspace_id ELSE '' END AS within,
           CASE WHEN field = '' THEN '' ELSE delivery.limit_keys ->> field END AS key
) AS what
WHERE kind <> 'throttle'
  AND (batch_id IS NULL OR batch_id = id)
  AND (delivery.state IN ('admitted', 'running') OR (delivery.state = 'scheduled' AND keeps_place))
GROUP BY kind, name, field, what.within, what.key
"""
_LIMIT_KEYS = """
CREATE FUNCTION groundwork.limit_keys(fields jsonb, data jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
    SELECT jsonb_object_agg(field, groundwork.bounded_key(data ->> field))
    FROM jsonb_array_elements_text(fields) AS field
    WHERE data ->> field <> ''
)
"""


def upgrade() -> None:
    op.add_column(
        "job",
        sa.Column("held_because", sa.Text(), comment="why nothing can run it now, as the relay last found"),
        schema=_SCHEMA,
    )
    op.add_column(
        "delivery",
        sa.Column(
            "urgency",
            sa.SmallInteger(),
            server_default="0",
            nullable=False,
            comment="higher goes first within its workspace: what a field of the event says",
        ),
        schema=_SCHEMA,
    )
    op.add_column(
        "delivery",
        sa.Column("limit_keys", JSONB(), comment="what the job's limits count by: field and value"),
        schema=_SCHEMA,
    )
    op.drop_index("delivery_queued_idx", table_name="delivery", schema=_SCHEMA)
    op.create_index(
        "delivery_queued_idx",
        "delivery",
        ["job", "workspace_id", "flow_key", sa.literal_column("urgency DESC"), "sequence"],
        schema=_SCHEMA,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.add_column(
        "throttle_start",
        sa.Column("key", sa.Text(), server_default="", nullable=False, comment="empty: of a throttle without a key"),
        schema=_SCHEMA,
    )
    op.drop_index("throttle_start_lane_idx", table_name="throttle_start", schema=_SCHEMA)
    op.create_index(
        "throttle_start_lane_idx", "throttle_start", ["job", "workspace_id", "key", "started_at"], schema=_SCHEMA
    )
    op.create_table(
        "rate",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="empty: of a rate limit without a key"),
        sa.Column("taken", ARRAY(sa.DateTime(timezone=True)), nullable=False, comment="when, within the last period"),
        sa.Column("last_taken", sa.Integer(), nullable=False, comment="how many the last statement took"),
        sa.Column("dropped", sa.BigInteger(), nullable=False, comment="since something was taken first"),
        sa.Column("idle_at", sa.DateTime(timezone=True), nullable=False, comment="nothing of it counts any more then"),
        sa.ForeignKeyConstraint(["job"], [f"{_SCHEMA}.job.name"], name=op.f("rate_job_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", "workspace_id", "key", name=op.f("rate_pkey")),
        schema=_SCHEMA,
    )
    op.execute(_LIMIT_KEYS)
    op.execute(
        "COMMENT ON FUNCTION groundwork.limit_keys(jsonb, jsonb) IS "
        "'What limits count an event by: those of the fields that it has. Null where it has none.'"
    )
    op.execute(_JOB_LIMIT)
    op.execute(
        "COMMENT ON VIEW groundwork.job_limit IS 'Limits of jobs beyond their lanes, as flow_control says them.'"
    )
    op.execute(_LIMIT_USE)
    op.execute(
        "COMMENT ON VIEW groundwork.limit_use IS "
        "'What is in flight, or keeps its place while it waits, by the limits that count it; of a batch the first.'"
    )
