"""workouts, benchmarks, scores, thresholds, risks"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "fitness_0003"
down_revision = "fitness_0002"


def upgrade() -> None:
    op.create_table(
        "workout",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column(
            "day",
            sa.Date(),
            nullable=False,
            comment="in the zone where the member was then; a later move changes nothing",
        ),
        sa.Column("minutes", sa.Float(), nullable=False),
        sa.Column("rpe", sa.Float(), nullable=False, comment="rating of perceived exertion, CR10"),
        sa.Column("deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("minutes > 0 AND minutes <= 1440", name=op.f("workout_minutes_check")),
        sa.CheckConstraint("rpe >= 0 AND rpe <= 10", name=op.f("workout_rpe_check")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="workout_pkey"),
        schema="fitness",
    )
    op.create_index(
        "workout_member_idx",
        "workout",
        ["workspace_id", "member_id", "day"],
        schema="fitness",
        postgresql_include=["minutes", "rpe"],
        postgresql_where=sa.text("NOT deleted"),
    )
    op.create_table(
        "benchmark",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("exercise", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="in the zone where the member was then"),
        sa.Column("weight_kg", sa.Float(), nullable=False),
        sa.Column("repetitions", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("epley_kg", sa.Float(), comment="estimated one-repetition maximum"),
        sa.Column("brzycki_kg", sa.Float(), comment="likewise; None from 37 repetitions on"),
        sa.Column("estimate_kg", sa.Float(), comment="what counts; None beyond 12 repetitions"),
        sa.Column(
            "baseline_kg",
            sa.Float(),
            comment="mean of the member's best on up to three days of this exercise before",
        ),
        sa.CheckConstraint("weight_kg > 0 AND weight_kg <= 1000", name=op.f("benchmark_weight_kg_check")),
        sa.CheckConstraint("repetitions BETWEEN 1 AND 100", name=op.f("benchmark_repetitions_check")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name="benchmark_pkey"),
        schema="fitness",
    )
    op.create_index(
        "benchmark_member_idx", "benchmark", ["workspace_id", "member_id", "exercise", "day"], schema="fitness"
    )
    op.create_table(
        "score",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="days since the first record, from 1"),
        sa.Column("load", sa.Float(), nullable=False, comment="RPE x minutes of the day; 0 without a record"),
        sa.Column("acute", sa.Float(), nullable=False, comment="EWMA of 7 days"),
        sa.Column("chronic", sa.Float(), nullable=False, comment="EWMA of 28 days"),
        sa.Column("ratio", sa.Float(), comment="acute / chronic; None in the first 28 days and at chronic 0"),
        sa.Column("week_load", sa.Float(), nullable=False, comment="sum of 7 days"),
        sa.Column(
            "usual_week_load",
            sa.Float(),
            comment="mean week of the 28 days before these; None until there are such",
        ),
        sa.Column(
            "monotony", sa.Float(), comment="mean / SD of 7 days, at most 10; None without a load, and before day 7"
        ),
        sa.Column("strain", sa.Float(), comment="week_load x monotony"),
        sa.PrimaryKeyConstraint("workspace_id", "member_id", "day", name="score_pkey"),
        schema="fitness",
    )
    op.create_table(
        "threshold",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column("crossed_above", sa.Float(), comment="None: the workspace wants no alert of the figure"),
        sa.Column("over_below", sa.Float(), comment="the risk is over when the figure has fallen below this"),
        sa.Column(
            "cool_down_days",
            sa.Integer(),
            nullable=False,
            comment="days after an alert without another of the figure",
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "over_below <= crossed_above AND crossed_above < 'Infinity'", name=op.f("threshold_limits_check")
        ),
        sa.CheckConstraint("cool_down_days BETWEEN 0 AND 365", name=op.f("threshold_cool_down_days_check")),
        sa.PrimaryKeyConstraint("workspace_id", "figure", name="threshold_pkey"),
        schema="fitness",
    )
    op.create_table(
        "risk",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False, comment="has crossed its threshold and not come back"),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("crossed_above", sa.Float(), comment="threshold that was in force"),
        sa.Column("day", sa.Date(), nullable=False, comment="which the value is of, in the member's zone"),
        sa.Column("since", sa.Date(), comment="day of the crossing; None: never crossed"),
        sa.Column("crossing", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="crossings so far"),
        sa.Column(
            "alerted", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="last crossing that was told"
        ),
        sa.Column("alerted_on", sa.Date(), comment="day of the last alert"),
        sa.Column("reasons", postgresql.JSONB(), nullable=False, comment="figures that the value is made of"),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "member_id", "figure", name="risk_pkey"),
        schema="fitness",
    )
    op.create_index(
        "risk_over_idx", "risk", ["workspace_id", "figure"], schema="fitness", postgresql_where=sa.text("over")
    )
