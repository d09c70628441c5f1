"""agencies, their brand voices and their contacts"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "nurture_0001"
down_revision = None
branch_labels = ("nurture",)

_NOW = sa.text("now()")


def _timestamp(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)  # type: ignore[arg-type]


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS nurture")
    _agency()
    _brand_voice()
    _contact()


def _agency() -> None:
    op.create_table(
        "agency",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("website", sa.Text(), nullable=False, comment="https URL that mails link to"),
        sa.Column(
            "domains",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            server_default=sa.text("'{}'"),
            comment="hosts that mails may link to, with those below them; the website's is one of them",
        ),
        sa.Column(
            "email", sa.Text(), nullable=False, comment="the only address that a mail may show, and where replies go"
        ),
        sa.Column("phone", sa.Text(), comment="the only number that a mail may show"),
        sa.Column(
            "postal_address",
            sa.Text(),
            nullable=False,
            comment="stands below each mail, as the law of most countries asks",
        ),
        sa.Column("time_zone", sa.Text(), nullable=False, server_default="Europe/London", comment="IANA name"),
        sa.Column(
            "quiet_from",
            sa.Time(),
            nullable=False,
            server_default="20:00",
            comment="local; nobody is alerted from then",
        ),
        sa.Column("quiet_until", sa.Time(), nullable=False, server_default="08:00", comment="local; until then"),
        sa.Column(
            "writing",
            sa.Text(),
            nullable=False,
            server_default="templates",
            comment="templates: approved once, slots filled per contact; contacts: a model writes to each contact",
        ),
        sa.Column(
            "daily_budget_micros",
            sa.BigInteger(),
            nullable=False,
            server_default="5000000",
            comment="most that models may cost a day, in millionths of a dollar; above it templates are used",
        ),
        sa.Column(
            "half_life_days",
            sa.Float(),
            nullable=False,
            server_default="14",
            comment="after which engagement counts half",
        ),
        sa.Column(
            "hot_from", sa.Float(), nullable=False, server_default="60", comment="score from which a lead is hot"
        ),
        sa.Column(
            "hot_until",
            sa.Float(),
            nullable=False,
            server_default="45",
            comment="score below which it is hot no more",
        ),
        sa.Column(
            "crm",
            sa.Text(),
            nullable=False,
            server_default="table",
            comment="name of the CRM: table, hubspot, reapit, …",
        ),
        sa.Column("crm_account", sa.Text(), comment="<crm>:<portal or customer>; webhooks find the agency by it"),
        sa.Column("webhook_url", sa.Text(), comment="https URL that hears of hot leads as well"),
        _timestamp("created_at", server_default=_NOW, nullable=False),
        sa.CheckConstraint("writing IN ('templates', 'contacts')", name=op.f("agency_writing_check")),
        sa.CheckConstraint("half_life_days > 0", name=op.f("agency_half_life_days_check")),
        sa.CheckConstraint("hot_until <= hot_from", name=op.f("agency_hot_until_check")),
        sa.CheckConstraint("daily_budget_micros >= 0", name=op.f("agency_daily_budget_micros_check")),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("agency_pkey")),
        sa.UniqueConstraint("crm_account", name=op.f("agency_crm_account_key")),
        schema="nurture",
    )


def _brand_voice() -> None:
    op.create_table(
        "brand_voice",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="counts up; the largest is in use"),
        sa.Column("tone", sa.Text(), nullable=False, comment="warm, formal or brisk"),
        sa.Column(
            "about",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="the agency in its own words, for models",
        ),
        sa.Column("greeting", sa.Text(), nullable=False, server_default="Hello", comment="word before the first name"),
        sa.Column("sign_off", sa.Text(), nullable=False, comment="last line, such as 'Warm regards'"),
        sa.Column("signature", sa.Text(), nullable=False, comment="who signs: a person or a team"),
        _timestamp("created_at", server_default=_NOW, nullable=False),
        sa.CheckConstraint("tone IN ('warm', 'formal', 'brisk')", name=op.f("brand_voice_tone_check")),
        sa.CheckConstraint("version > 0", name=op.f("brand_voice_version_check")),
        sa.PrimaryKeyConstraint("workspace_id", "version", name=op.f("brand_voice_pkey")),
        schema="nurture",
    )


def _contact() -> None:
    op.create_table(
        "contact",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), comment="as the person writes it; unique in the workspace whatever its case"),
        sa.Column("first_name", sa.Text()),
        sa.Column("last_name", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column(
            "notes", sa.Text(), comment="what the agency's people wrote of them: data, never an instruction to a model"
        ),
        sa.Column("agent_id", sa.Text(), comment="user who looks after the contact and is alerted"),
        sa.Column("category", sa.Text()),
        _timestamp("categorised_at", comment="when the category was given; an older one does not replace it"),
        _timestamp("unsubscribed_at"),
        _timestamp("replied_at", comment="last reply"),
        _timestamp("created_at", server_default=_NOW, nullable=False),
        _timestamp("updated_at", server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "category IN ('landlord', 'vendor', 'buyer', 'tenant', 'investor', 'applicant')",
            name=op.f("contact_category_check"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("contact_pkey")),
        schema="nurture",
    )
    op.create_index(
        "contact_workspace_id_email_key",
        "contact",
        ["workspace_id", sa.text("lower(email)")],
        unique=True,
        schema="nurture",
    )
