"""Sequences of mails to contacts, the templates that models write for them, and what that costs."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.nurture.base import CATEGORIES, SCHEMA, TIMESTAMP

template = Table(
    "template",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("workspace_id", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("voice_version", Integer, nullable=False, comment="of the brand voice that it was written in"),
    Column("tone", Text, nullable=False),
    Column("prompt_version", Text, nullable=False),
    Column("mails", JSONB, nullable=False, comment="three mails with slots, such as {{first_name}}"),
    Column("state", Text, nullable=False, server_default="pending", comment="only approved ones are used"),
    Column("model", Text, nullable=False),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("cost_micros", BigInteger, nullable=False, comment="millionths of a dollar"),
    Column("attempts", Integer, nullable=False, comment="calls of the model, answers that were refused among them"),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now()),
    Column("decided_at", TIMESTAMP),
    Column("decided_by", Text, comment="person who approved or rejected it"),
    CheckConstraint(f"category IN {CATEGORIES}", name="category"),
    CheckConstraint("state IN ('pending', 'approved', 'rejected', 'discarded')", name="state"),
    schema=SCHEMA,
)
Index(
    "template_in_use",
    template.c.workspace_id,
    template.c.category,
    template.c.voice_version,
    unique=True,
    postgresql_where=text("state <> 'discarded'"),
)

sequence = Table(
    "sequence",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("workspace_id", Text, nullable=False),
    Column("contact_id", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("categorised_at", TIMESTAMP, nullable=False),
    Column("source", Text, nullable=False, comment="builtin, template or model"),
    Column("fallback_reason", Text, comment="why it is not from where the agency wants it"),
    Column("template_id", Uuid, ForeignKey(f"{SCHEMA}.template.id")),
    Column("voice_version", Integer, nullable=False),
    Column("prompt_version", Text, comment="of the prompt, or of the built-in templates"),
    Column("model", Text),
    Column("tokens_in", Integer, nullable=False, server_default="0"),
    Column("tokens_out", Integer, nullable=False, server_default="0"),
    Column("cost_micros", BigInteger, nullable=False, server_default="0", comment="of this sequence alone"),
    Column("attempts", Integer, nullable=False, server_default="0", comment="calls of the model for this sequence"),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now()),
    Column("finished_at", TIMESTAMP, comment="the last mail was sent"),
    Column("stopped_at", TIMESTAMP, comment="no further mail is sent"),
    Column("stop_reason", Text),
    UniqueConstraint("workspace_id", "contact_id", "categorised_at"),
    CheckConstraint("source IN ('builtin', 'template', 'model')", name="source"),
    schema=SCHEMA,
)

sequence_mail = Table(
    "sequence_mail",
    metadata,
    Column("sequence_id", Uuid, ForeignKey(f"{SCHEMA}.sequence.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, comment="1 to 3"),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False, comment="plain text with greeting and signature; the footer is added"),
    Column("send_after_days", Integer, nullable=False, comment="from when the sequence was stored"),
    Column("sent_at", TIMESTAMP),
    Column("message_id", Text),
    schema=SCHEMA,
)

writing_budget = Table(
    "writing_budget",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("workspace_id", Text, nullable=False),
    Column("day", Date, nullable=False, comment="UTC"),
    Column("work", Text, nullable=False, comment="what is written, such as contact:c-7"),
    Column("delivery_id", Uuid, comment="the delivery that asked; if its run was killed, the next one asks again"),
    Column("model", Text, nullable=False),
    Column("reserved_micros", BigInteger, nullable=False, comment="most that the call may cost; counts until settled"),
    Column("spent_micros", BigInteger, comment="what it did cost; null: not settled, and may have been billed"),
    Column("tokens_in", Integer),
    Column("tokens_out", Integer),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now()),
    Column("settled_at", TIMESTAMP),
    schema=SCHEMA,
)
Index("writing_budget_workspace_id_day_idx", writing_budget.c.workspace_id, writing_budget.c.day)
Index("writing_budget_created_at_idx", writing_budget.c.created_at)
