"""which contact is which in an agency's CRM, its credentials, and the CRM of those who have none"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "nurture_0003"
down_revision = "nurture_0002"
branch_labels = None

_NOW = sa.text("now()")


def _timestamp(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)  # type: ignore[arg-type]


def _document(name: str, comment: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'"), comment=comment)


def upgrade() -> None:
    _crm_link()
    op.create_table(
        "crm_fact",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False, comment="such as intent_score"),
        sa.Column("value", sa.Text(), comment="as the CRM is to have it; null clears it"),
        _timestamp("changed_at", nullable=False, server_default=_NOW),
        sa.PrimaryKeyConstraint("workspace_id", "contact_id", "field", name=op.f("crm_fact_pkey")),
        schema="nurture",
    )
    _crm_contact()
    op.create_table(
        "crm_credential",
        sa.Column("account", sa.Text(), nullable=False, comment="<crm>:<portal or customer>"),
        sa.Column("sealed", sa.Text(), nullable=False, comment="tokens, encrypted with GROUNDWORK_CRM_SECRET"),
        _timestamp("updated_at", nullable=False, server_default=_NOW),
        sa.PrimaryKeyConstraint("account", name=op.f("crm_credential_pkey")),
        schema="nurture",
    )
    op.create_table(
        "crm_definition",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column(
            "document",
            postgresql.JSONB(),
            nullable=False,
            comment="properties that the account's contacts have, as its CRM says",
        ),
        _timestamp("read_at", nullable=False, comment="looked at again after a day"),
        sa.PrimaryKeyConstraint("account", name=op.f("crm_definition_pkey")),
        schema="nurture",
    )
    op.create_table(
        "crm_pace",
        sa.Column("name", sa.Text(), nullable=False, comment="of a provider's limit per second"),
        _timestamp("free_at", nullable=False, comment="when the next request may go out, of any process"),
        sa.PrimaryKeyConstraint("name", name=op.f("crm_pace_pkey")),
        schema="nurture",
    )


def _crm_link() -> None:
    op.create_table(
        "crm_link",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column(
            "account",
            sa.Text(),
            nullable=False,
            comment="<crm>:<portal or customer>, or the name of the CRM alone",
        ),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), comment="of the contact in the CRM"),
        sa.Column(
            "pushed_hash", sa.Text(), comment="of all values that were last pushed; the same again is not pushed"
        ),
        _timestamp("pushed_at"),
        _document("common", 'what both sides had last: {"phone": {"value": "…", "at": "…"}}, by our field'),
        _timestamp("deleted_at", comment="when the contact was deleted in the CRM"),
        sa.PrimaryKeyConstraint("workspace_id", "account", "contact_id", name=op.f("crm_link_pkey")),
        schema="nurture",
    )
    op.create_index(
        "crm_link_workspace_id_account_external_id_idx",
        "crm_link",
        ["workspace_id", "account", "external_id"],
        schema="nurture",
    )


def _crm_contact() -> None:
    op.create_table(
        "crm_contact",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("first_name", sa.Text()),
        sa.Column("last_name", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("category", sa.Text()),
        sa.Column("categorised_on", sa.Date()),
        sa.Column("intent_score", sa.Float()),
        sa.Column("intent_band", sa.Text()),
        sa.Column("sequence", sa.Text(), comment="subjects of the mails that are written for the contact"),
        _document(
            "edited",
            "when people of the agency last edited a value, by field; an older one of ours does not replace it",
        ),
        _timestamp("created_at", nullable=False, server_default=_NOW),
        _timestamp("updated_at", nullable=False, server_default=_NOW),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("crm_contact_pkey")),
        schema="nurture",
    )
    op.create_index(
        "crm_contact_workspace_id_email_key",
        "crm_contact",
        ["workspace_id", sa.text("lower(email)")],
        unique=True,
        schema="nurture",
    )
