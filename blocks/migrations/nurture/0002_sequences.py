"""sequences, templates that models write, and what writing costs"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "nurture_0002"
down_revision = "nurture_0001"
branch_labels = None

_NOW = sa.text("now()")
_MICROS = "millionths of a dollar"


def _timestamp(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)  # type: ignore[arg-type]


def upgrade() -> None:
    op.add_column(
        "contact",
        _timestamp("category_since", comment="categorised_at of when it last became another; tells sequences apart"),
        schema="nurture",
    )
    op.execute("UPDATE nurture.contact SET category_since = categorised_at")
    _template()
    _sequence()
    _sequence_mail()
    _writing_budget()


def _template() -> None:
    op.create_table(
        "template",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("voice_version", sa.Integer(), nullable=False, comment="of the brand voice that it was written in"),
        sa.Column("tone", sa.Text(), nullable=False),
        sa.Column("prompt_version", sa.Text(), nullable=False),
        sa.Column(
            "mails", postgresql.JSONB(), nullable=False, comment="three mails with slots, such as {{first_name}}"
        ),
        sa.Column("state", sa.Text(), nullable=False, server_default="pending", comment="only approved ones are used"),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("tokens_in", sa.Integer(), nullable=False),
        sa.Column("tokens_out", sa.Integer(), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False, comment=_MICROS),
        sa.Column(
            "attempts",
            sa.Integer(),
            nullable=False,
            comment="calls of the model, answers that were refused among them",
        ),
        _timestamp("created_at", server_default=_NOW, nullable=False),
        _timestamp("decided_at"),
        sa.Column("decided_by", sa.Text(), comment="person who approved or rejected it"),
        sa.CheckConstraint(
            "category IN ('landlord', 'vendor', 'buyer', 'tenant', 'investor', 'applicant')",
            name=op.f("template_category_check"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'approved', 'rejected', 'discarded')", name=op.f("template_state_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("template_pkey")),
        schema="nurture",
    )
    op.create_index(
        "template_in_use",
        "template",
        ["workspace_id", "category", "voice_version"],
        unique=True,
        schema="nurture",
        postgresql_where=sa.text("state <> 'discarded'"),
    )


def _sequence() -> None:
    op.create_table(
        "sequence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        _timestamp("categorised_at", nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="builtin, template or model"),
        sa.Column("fallback_reason", sa.Text(), comment="why it is not from where the agency wants it"),
        sa.Column("template_id", sa.Uuid()),
        sa.Column("voice_version", sa.Integer(), nullable=False),
        sa.Column("prompt_version", sa.Text(), comment="of the prompt, or of the built-in templates"),
        sa.Column("model", sa.Text()),
        sa.Column("tokens_in", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("tokens_out", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False, server_default="0", comment="of this sequence alone"),
        sa.Column(
            "attempts",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="calls of the model for this sequence",
        ),
        _timestamp("created_at", server_default=_NOW, nullable=False),
        _timestamp("finished_at", comment="the last mail was sent"),
        _timestamp("stopped_at", comment="no further mail is sent"),
        sa.Column("stop_reason", sa.Text()),
        sa.CheckConstraint("source IN ('builtin', 'template', 'model')", name=op.f("sequence_source_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("sequence_pkey")),
        sa.ForeignKeyConstraint(["template_id"], ["nurture.template.id"], name=op.f("sequence_template_id_fkey")),
        sa.UniqueConstraint(
            "workspace_id",
            "contact_id",
            "categorised_at",
            name=op.f("sequence_workspace_id_contact_id_categorised_at_key"),
        ),
        schema="nurture",
    )


def _sequence_mail() -> None:
    op.create_table(
        "sequence_mail",
        sa.Column("sequence_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="1 to 3"),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "body",
            sa.Text(),
            nullable=False,
            comment="plain text with greeting and signature; the footer is added",
        ),
        sa.Column("send_after_days", sa.Integer(), nullable=False, comment="from when the sequence was stored"),
        _timestamp("sent_at"),
        sa.Column("message_id", sa.Text()),
        sa.PrimaryKeyConstraint("sequence_id", "number", name=op.f("sequence_mail_pkey")),
        sa.ForeignKeyConstraint(
            ["sequence_id"],
            ["nurture.sequence.id"],
            name=op.f("sequence_mail_sequence_id_fkey"),
            ondelete="CASCADE",
        ),
        schema="nurture",
    )


def _writing_budget() -> None:
    op.create_table(
        "writing_budget",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="UTC"),
        sa.Column("work", sa.Text(), nullable=False, comment="what is written, such as contact:c-7"),
        sa.Column(
            "delivery_id", sa.Uuid(), comment="the delivery that asked; if its run was killed, the next one asks again"
        ),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column(
            "reserved_micros",
            sa.BigInteger(),
            nullable=False,
            comment="most that the call may cost; counts until settled",
        ),
        sa.Column(
            "spent_micros",
            sa.BigInteger(),
            comment="what it did cost; null: not settled, and may have been billed",
        ),
        sa.Column("tokens_in", sa.Integer()),
        sa.Column("tokens_out", sa.Integer()),
        _timestamp("created_at", server_default=_NOW, nullable=False),
        _timestamp("settled_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("writing_budget_pkey")),
        schema="nurture",
    )
    op.create_index("writing_budget_workspace_id_day_idx", "writing_budget", ["workspace_id", "day"], schema="nurture")
    op.create_index("writing_budget_created_at_idx", "writing_budget", ["created_at"], schema="nurture")
