"""Leads: what contacts did, what it sums to, their scores, and each time that one became hot."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.nurture.base import ENGAGEMENTS, SCHEMA, TIMESTAMP


def _of_contact() -> ForeignKeyConstraint:
    """Whatever is known of a contact goes with it."""
    target = [f"{SCHEMA}.contact.workspace_id", f"{SCHEMA}.contact.id"]
    return ForeignKeyConstraint(["workspace_id", "contact_id"], target, ondelete="CASCADE")


engagement = Table(
    "engagement",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("id", Text, primary_key=True, comment="of the sender; the same one counts once"),
    Column("contact_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("occurred_at", TIMESTAMP, nullable=False),
    Column("recorded_at", TIMESTAMP, nullable=False, server_default=func.now()),
    CheckConstraint(f"kind IN {ENGAGEMENTS}", name="kind"),
    _of_contact(),
    schema=SCHEMA,
)
Index("engagement_contact_idx", engagement.c.workspace_id, engagement.c.contact_id)

engagement_total = Table(
    "engagement_total",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("contact_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("period", Integer, primary_key=True, autoincrement=False, comment="half-lives since 2020-01-01 UTC, whole"),
    Column("count", Integer, nullable=False),
    Column(
        "weight",
        BigInteger,
        nullable=False,
        comment="sum of 2^(share of the period that had passed), in units of 2^-32: whole, so in any order the same",
    ),
    Column("last_at", TIMESTAMP, nullable=False),
    _of_contact(),
    schema=SCHEMA,
)

scoring = Table(
    "scoring",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("half_life_days", Float, nullable=False, comment="by which engagement_total is counted"),
    Column("counted_at", TIMESTAMP, nullable=False, server_default=func.now(), comment="last from scratch"),
    schema=SCHEMA,
)

lead_score = Table(
    "lead_score",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("contact_id", Text, primary_key=True),
    Column("score", Numeric(12, 2), nullable=False),
    Column("band", Text, nullable=False),
    Column("crossings", Integer, nullable=False, comment="how often the lead has become hot"),
    Column("reasons", JSONB, nullable=False, comment="what made the score, most points first"),
    Column("scored_at", TIMESTAMP, nullable=False),
    CheckConstraint("band IN ('cold', 'warm', 'hot')", name="band"),
    _of_contact(),
    schema=SCHEMA,
)
Index(
    "lead_score_not_cold_idx",
    lead_score.c.workspace_id,
    lead_score.c.contact_id,
    postgresql_where=text("band <> 'cold'"),
)

hot_lead = Table(
    "hot_lead",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("contact_id", Text, primary_key=True),
    Column("crossing", Integer, primary_key=True, autoincrement=False, comment="counts up for each contact"),
    Column("detected_at", TIMESTAMP, nullable=False),
    Column("alert_delivery_id", Uuid, comment="the one delivery that may tell of it"),
    _of_contact(),
    schema=SCHEMA,
)
