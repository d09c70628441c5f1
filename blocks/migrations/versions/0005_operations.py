"""dead letters are told of once, and deliveries are counted as they move"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TALLY_ACCEPTED = """
CREATE FUNCTION groundwork.tally_accepted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO groundwork.tally (job, what, amount)
    SELECT job, 'accepted', count(*) FROM accepted GROUP BY job
    UNION ALL
    SELECT job, state, count(*) FROM accepted WHERE state IN ('done', 'failed', 'cancelled') GROUP BY job, state;
    RETURN NULL;
END
$$
"""
_TALLY_MOVED = """
CREATE FUNCTION groundwork.tally_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.attempt > OLD.attempt THEN
        INSERT INTO groundwork.tally (job, what, amount) VALUES (NEW.job, 'attempts', 1);
    END IF;
    IF NEW.state <> OLD.state AND NEW.state IN ('done', 'failed', 'cancelled') THEN
        INSERT INTO groundwork.tally (job, what, amount) VALUES (NEW.job, NEW.state, 1);
    END IF;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    for name, comment in (
        ("death_posted", "settled_at of the death that Prefect has an event of"),
        ("death_mailed", "settled_at of the death that the operators were told of"),
    ):
        op.add_column("delivery", sa.Column(name, sa.DateTime(timezone=True), comment=comment), schema="groundwork")
    op.execute(
        "UPDATE groundwork.delivery SET death_posted = settled_at, death_mailed = settled_at WHERE state = 'failed'"
    )
    for each in ("posted", "mailed"):
        op.create_index(
            f"delivery_death_not_{each}_idx",
            "delivery",
            ["settled_at"],
            schema="groundwork",
            postgresql_where=sa.text(f"state = 'failed' AND death_{each} IS DISTINCT FROM settled_at"),
        )
    op.create_index(
        "delivery_flow_run_id_idx",
        "delivery",
        ["flow_run_id"],
        schema="groundwork",
        postgresql_where=sa.text("flow_run_id IS NOT NULL"),
    )
    op.create_table(
        "tally",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False, comment="accepted, attempts, done, failed or cancelled"),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        schema="groundwork",
        comment="how often; rows are added as deliveries move, and summed up by the relay",
    )
    op.execute(
        """
        INSERT INTO groundwork.tally (job, what, amount)
        SELECT job, 'accepted', count(*) FROM groundwork.delivery GROUP BY job
        UNION ALL
        SELECT job, 'attempts', sum(attempt) FROM groundwork.delivery GROUP BY job
        UNION ALL
        SELECT job, state, count(*)
        FROM groundwork.delivery
        WHERE state IN ('done', 'failed', 'cancelled')
        GROUP BY job, state
        """
    )
    op.execute(_TALLY_ACCEPTED)
    op.execute(_TALLY_MOVED)
    op.execute(
        """
        CREATE TRIGGER delivery_accepted AFTER INSERT ON groundwork.delivery
        REFERENCING NEW TABLE AS accepted
        FOR EACH STATEMENT EXECUTE FUNCTION groundwork.tally_accepted()
        """
    )
    # The condition keeps renewals of leases and reports of progress from calling the function.
    op.execute(
        """
        CREATE TRIGGER delivery_moved AFTER UPDATE ON groundwork.delivery
        FOR EACH ROW
        WHEN (
            NEW.attempt > OLD.attempt
            OR (NEW.state <> OLD.state AND NEW.state IN ('done', 'failed', 'cancelled'))
        )
        EXECUTE FUNCTION groundwork.tally_moved()
        """
    )
