"""Agencies, one per workspace: whom they are, how they write, and when their people may be disturbed."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Float, Integer, Table, Text, Time, func, text
from sqlalchemy.dialects.postgresql import ARRAY

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.nurture.base import SCHEMA, TIMESTAMP

agency = Table(
    "agency",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("website", Text, nullable=False, comment="https URL that mails link to"),
    Column(
        "domains",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="hosts that mails may link to, with those below them; the website's is one of them",
    ),
    Column("email", Text, nullable=False, comment="the only address that a mail may show, and where replies go"),
    Column("phone", Text, comment="the only number that a mail may show"),
    Column("postal_address", Text, nullable=False, comment="stands below each mail, as the law of most countries asks"),
    Column("time_zone", Text, nullable=False, server_default="Europe/London", comment="IANA name"),
    Column("quiet_from", Time, nullable=False, server_default="20:00", comment="local; nobody is alerted from then"),
    Column("quiet_until", Time, nullable=False, server_default="08:00", comment="local; until then"),
    Column(
        "writing",
        Text,
        nullable=False,
        server_default="templates",
        comment="templates: approved once, slots filled per contact; contacts: a model writes to each contact",
    ),
    Column(
        "daily_budget_micros",
        BigInteger,
        nullable=False,
        server_default="5000000",
        comment="most that models may cost a day, in millionths of a dollar; above it templates are used",
    ),
    Column("half_life_days", Float, nullable=False, server_default="14", comment="after which engagement counts half"),
    Column("warm_from", Float, nullable=False, server_default="20", comment="score from which a lead is warm"),
    Column("hot_from", Float, nullable=False, server_default="60", comment="score from which a lead is hot"),
    Column("hot_until", Float, nullable=False, server_default="45", comment="score below which it is hot no more"),
    Column("crm", Text, nullable=False, server_default="table", comment="name of the CRM: table, hubspot, reapit, …"),
    Column("crm_account", Text, unique=True, comment="<crm>:<portal or customer>; webhooks find the agency by it"),
    Column("webhook_url", Text, comment="https URL that hears of hot leads as well"),
    Column(
        "webhook_secret_version",
        Integer,
        nullable=False,
        server_default="1",
        comment="counts up with each new secret of the webhook; the one before is signed with too",
    ),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now()),
    CheckConstraint("writing IN ('templates', 'contacts')", name="writing"),
    # To PostgreSQL NaN is larger than any number, so that an upper bound refuses it.
    CheckConstraint("half_life_days >= 0.1 AND half_life_days <= 3650", name="half_life_days"),
    CheckConstraint("warm_from >= 0 AND warm_from <= hot_until", name="warm_from"),
    CheckConstraint("hot_until <= hot_from", name="hot_until"),
    CheckConstraint("hot_from <= 1000000", name="hot_from"),
    CheckConstraint("webhook_secret_version > 0", name="webhook_secret_version"),
    CheckConstraint("daily_budget_micros >= 0", name="daily_budget_micros"),
    schema=SCHEMA,
)

brand_voice = Table(
    "brand_voice",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, comment="counts up; the largest is in use"),
    Column("tone", Text, nullable=False, comment="warm, formal or brisk"),
    Column("about", Text, nullable=False, server_default="", comment="the agency in its own words, for models"),
    Column("greeting", Text, nullable=False, server_default="Hello", comment="word before the first name"),
    Column("sign_off", Text, nullable=False, comment="last line, such as 'Warm regards'"),
    Column("signature", Text, nullable=False, comment="who signs: a person or a team"),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now()),
    CheckConstraint("tone IN ('warm', 'formal', 'brisk')", name="tone"),
    CheckConstraint("version > 0", name="version"),
    schema=SCHEMA,
)
