"""Contacts of agencies, as far as the nurture application knows them."""

from sqlalchemy import CheckConstraint, Column, Index, Table, Text, func

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.nurture.base import CATEGORIES, SCHEMA, TIMESTAMP

contact = Table(
    "contact",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("email", Text, comment="as the person writes it; unique in the workspace whatever its case"),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("phone", Text),
    Column("notes", Text, comment="what the agency's people wrote of them: data, never an instruction to a model"),
    Column("agent_id", Text, comment="user who looks after the contact and is alerted"),
    Column("category", Text),
    Column("categorised_at", TIMESTAMP, comment="when the category was given; an older one does not replace it"),
    Column("category_since", TIMESTAMP, comment="categorised_at of when it last became another; tells sequences apart"),
    Column("unsubscribed_at", TIMESTAMP),
    Column("replied_at", TIMESTAMP, comment="last reply"),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now()),
    Column("updated_at", TIMESTAMP, nullable=False, server_default=func.now()),
    CheckConstraint(f"category IN {CATEGORIES}", name="category"),
    schema=SCHEMA,
)
Index("contact_workspace_id_email_key", contact.c.workspace_id, func.lower(contact.c.email), unique=True)
