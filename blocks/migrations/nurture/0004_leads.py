"""engagement, scores of leads, and hot leads"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "nurture_0004"
down_revision = "nurture_0003"

_NOW = sa.text("now()")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _timestamp(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, **options)  # type: ignore[arg-type]


def _of_contact(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", "contact_id"],
        ["nurture.contact.workspace_id", "nurture.contact.id"],
        name=op.f(f"{table}_workspace_id_fkey"),
        ondelete="CASCADE",
    )


def upgrade() -> None:
    _agency()
    _engagement()
    _engagement_total()
    _scoring()
    _lead_score()
    _hot_lead()


def _agency() -> None:
    op.add_column(
        "agency",
        sa.Column(
            "warm_from",
            sa.Float(),
            nullable=False,
            server_default="20",
            comment="score from which a lead is warm",
        ),
        schema="nurture",
    )
    op.add_column(
        "agency",
        sa.Column(
            "webhook_secret_version",
            sa.Integer(),
            nullable=False,
            server_default="1",
            comment="counts up with each new secret of the webhook; the one before is signed with too",
        ),
        schema="nurture",
    )
    # What was possible before, NaN among it, becomes what is possible now.
    op.execute(
        "UPDATE nurture.agency SET half_life_days = 14 WHERE NOT (half_life_days >= 0.1 AND half_life_days <= 3650)"
    )
    op.execute("UPDATE nurture.agency SET hot_from = 60, hot_until = 45 WHERE NOT (hot_until >= 0 AND hot_from <= 1e6)")
    op.execute("UPDATE nurture.agency SET warm_from = hot_until WHERE warm_from > hot_until")
    op.drop_constraint(op.f("agency_half_life_days_check"), "agency", schema="nurture")
    for name, rule in (
        ("half_life_days", "half_life_days >= 0.1 AND half_life_days <= 3650"),
        ("warm_from", "warm_from >= 0 AND warm_from <= hot_until"),
        ("hot_from", "hot_from <= 1000000"),
        ("webhook_secret_version", "webhook_secret_version > 0"),
    ):
        op.create_check_constraint(op.f(f"agency_{name}_check"), "agency", rule, schema="nurture")


def _engagement() -> None:
    op.create_table(
        "engagement",
        _text("workspace_id"),
        sa.Column("id", sa.Text(), nullable=False, comment="of the sender; the same one counts once"),
        _text("contact_id"),
        _text("kind"),
        _text("channel"),
        _timestamp("occurred_at"),
        _timestamp("recorded_at", server_default=_NOW),
        sa.CheckConstraint(
            "kind IN ('open', 'click', 'reply', 'site-visit', 'valuation-request')",
            name=op.f("engagement_kind_check"),
        ),
        _of_contact("engagement"),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("engagement_pkey")),
        schema="nurture",
    )
    op.create_index("engagement_contact_idx", "engagement", ["workspace_id", "contact_id"], schema="nurture")


def _engagement_total() -> None:
    op.create_table(
        "engagement_total",
        _text("workspace_id"),
        _text("contact_id"),
        _text("kind"),
        sa.Column("period", sa.Integer(), nullable=False, comment="half-lives since 2020-01-01 UTC, whole"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column(
            "weight",
            sa.BigInteger(),
            nullable=False,
            comment="sum of 2^(share of the period that had passed), in units of 2^-32: whole, so in any order the "
            "same",
        ),
        _timestamp("last_at"),
        _of_contact("engagement_total"),
        sa.PrimaryKeyConstraint("workspace_id", "contact_id", "kind", "period", name=op.f("engagement_total_pkey")),
        schema="nurture",
    )


def _scoring() -> None:
    op.create_table(
        "scoring",
        _text("workspace_id"),
        sa.Column("half_life_days", sa.Float(), nullable=False, comment="by which engagement_total is counted"),
        _timestamp("counted_at", server_default=_NOW, comment="last from scratch"),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("scoring_pkey")),
        schema="nurture",
    )


def _lead_score() -> None:
    op.create_table(
        "lead_score",
        _text("workspace_id"),
        _text("contact_id"),
        sa.Column("score", sa.Numeric(12, 2), nullable=False),
        _text("band"),
        sa.Column("crossings", sa.Integer(), nullable=False, comment="how often the lead has become hot"),
        sa.Column("reasons", postgresql.JSONB(), nullable=False, comment="what made the score, most points first"),
        _timestamp("scored_at"),
        sa.CheckConstraint("band IN ('cold', 'warm', 'hot')", name=op.f("lead_score_band_check")),
        _of_contact("lead_score"),
        sa.PrimaryKeyConstraint("workspace_id", "contact_id", name=op.f("lead_score_pkey")),
        schema="nurture",
    )
    op.create_index(
        "lead_score_not_cold_idx",
        "lead_score",
        ["workspace_id", "contact_id"],
        schema="nurture",
        postgresql_where=sa.text("band <> 'cold'"),
    )


def _hot_lead() -> None:
    op.create_table(
        "hot_lead",
        _text("workspace_id"),
        _text("contact_id"),
        sa.Column("crossing", sa.Integer(), nullable=False, comment="counts up for each contact"),
        _timestamp("detected_at"),
        sa.Column("alert_delivery_id", sa.Uuid(), comment="the one delivery that may tell of it"),
        _of_contact("hot_lead"),
        sa.PrimaryKeyConstraint("workspace_id", "contact_id", "crossing", name=op.f("hot_lead_pkey")),
        schema="nurture",
    )
