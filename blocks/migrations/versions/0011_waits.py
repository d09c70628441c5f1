"""jobs can wait: for a time, for an event, for another job"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_NOTE_AWAITED_END = """
CREATE FUNCTION groundwork.note_awaited_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO groundwork.arrival (delivery_id) VALUES (NEW.id);
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    for column in (
        sa.Column(
            "continuations",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="runs that ended to wait: they count as no attempts",
        ),
        sa.Column("waiting_for", sa.Text(), comment="what the job waits for, in words"),
        sa.Column(
            "keeps_place",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="while it waits, its lane and its limits count it",
        ),
        sa.Column(
            "awaited",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="another job waits for its end",
        ),
    ):
        op.add_column("delivery", column, schema="groundwork")
    op.create_index(
        "delivery_keeping_idx",
        "delivery",
        ["job", "workspace_id"],
        schema="groundwork",
        postgresql_where=sa.text("state = 'scheduled' AND keeps_place"),
    )
    op.create_table(
        "wait",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="as the job's code has it"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, server_default="waiting"),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, comment="then it is over, answered or not"),
        sa.Column("event_name", sa.Text()),
        sa.Column("match", sa.dialects.postgresql.JSONB(), comment="fields that the event has, in wire form"),
        sa.Column("match_key", sa.Text(), comment="the first of them, for the index"),
        sa.Column("since", sa.DateTime(timezone=True), comment="an event that was accepted from then on answers it"),
        sa.Column("target_event_id", sa.Uuid(), comment="the event whose job is waited for"),
        sa.Column("target_job", sa.Text()),
        sa.Column("answer_event_id", sa.Uuid()),
        sa.Column("answer", sa.dialects.postgresql.JSONB()),
        sa.Column("set_up_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("kind IN ('sleep', 'event', 'job', 'retry')", name="wait_kind_check"),
        sa.CheckConstraint("state IN ('waiting', 'answered', 'over')", name="wait_state_check"),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["groundwork.delivery.id"], name="wait_delivery_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("delivery_id", "name", name="wait_pkey"),
        schema="groundwork",
        comment="what the body of a job waits for, and what came of it: the memo of a continued run",
    )
    op.create_index(
        "wait_event_idx",
        "wait",
        ["workspace_id", "event_name", "match_key"],
        schema="groundwork",
        postgresql_where=sa.text("state = 'waiting' AND kind = 'event'"),
    )
    op.create_index(
        "wait_target_idx",
        "wait",
        ["target_event_id"],
        schema="groundwork",
        postgresql_where=sa.text("state = 'waiting' AND kind = 'job'"),
    )
    op.create_table(
        "awaited_event",
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="awaited_event_pkey"),
        schema="groundwork",
        comment="names of events that a job has ever waited for",
    )
    op.create_table(
        "arrival",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("event_id", sa.Uuid(), comment="an event of a name that is waited for"),
        sa.Column("delivery_id", sa.Uuid(), comment="a delivery that has ended and is waited for"),
        sa.PrimaryKeyConstraint("id", name="arrival_pkey"),
        schema="groundwork",
        comment="what may answer waits: written with what it is about, taken by the relay",
    )
    op.execute(_NOTE_AWAITED_END)
    op.execute(
        """
        CREATE TRIGGER delivery_awaited_end AFTER UPDATE ON groundwork.delivery
        FOR EACH ROW
        WHEN (NEW.awaited AND OLD.settled_at IS NULL AND NEW.settled_at IS NOT NULL)
        EXECUTE FUNCTION groundwork.note_awaited_end()
        """
    )
