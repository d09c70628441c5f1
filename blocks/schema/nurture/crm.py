"""What we know of agencies' CRMs: which contact is which there, how to get in, and the CRM of those who have none."""

from sqlalchemy import Column, Date, Float, Index, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

from groundwork.blocks.schema.base import metadata
from groundwork.blocks.schema.nurture.base import SCHEMA, TIMESTAMP

crm_link = Table(
    "crm_link",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("account", Text, primary_key=True, comment="<crm>:<portal or customer>, or the name of the CRM alone"),
    Column("contact_id", Text, primary_key=True),
    Column("external_id", Text, comment="of the contact in the CRM"),
    Column("pushed_hash", Text, comment="of all values that were last pushed; the same again is not pushed"),
    Column("pushed_at", TIMESTAMP),
    Column(
        "common",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment='what both sides had last: {"phone": {"value": "…", "at": "…"}}, by our field',
    ),
    Column("deleted_at", TIMESTAMP, comment="when the contact was deleted in the CRM"),
    schema=SCHEMA,
)
Index(None, crm_link.c.workspace_id, crm_link.c.account, crm_link.c.external_id)

crm_fact = Table(
    "crm_fact",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("contact_id", Text, primary_key=True),
    Column("field", Text, primary_key=True, comment="such as intent_score"),
    Column("value", Text, comment="as the CRM is to have it; null clears it"),
    Column("changed_at", TIMESTAMP, nullable=False, server_default=func.now()),
    schema=SCHEMA,
)

crm_contact = Table(
    "crm_contact",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("email", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("phone", Text),
    Column("category", Text),
    Column("categorised_on", Date),
    Column("intent_score", Float),
    Column("intent_band", Text),
    Column("sequence", Text, comment="subjects of the mails that are written for the contact"),
    Column(
        "edited",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment="when people of the agency last edited a value, by field; an older one of ours does not replace it",
    ),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now()),
    Column("updated_at", TIMESTAMP, nullable=False, server_default=func.now()),
    schema=SCHEMA,
)
Index("crm_contact_workspace_id_email_key", crm_contact.c.workspace_id, func.lower(crm_contact.c.email), unique=True)

crm_credential = Table(
    "crm_credential",
    metadata,
    Column("account", Text, primary_key=True, comment="<crm>:<portal or customer>"),
    Column("sealed", Text, nullable=False, comment="tokens, encrypted with GROUNDWORK_CRM_SECRET"),
    Column("updated_at", TIMESTAMP, nullable=False, server_default=func.now()),
    schema=SCHEMA,
)

crm_definition = Table(
    "crm_definition",
    metadata,
    Column("account", Text, primary_key=True),
    Column("document", JSONB, nullable=False, comment="properties that the account's contacts have, as its CRM says"),
    Column("read_at", TIMESTAMP, nullable=False, comment="looked at again after a day"),
    schema=SCHEMA,
)

crm_pace = Table(
    "crm_pace",
    metadata,
    Column("name", Text, primary_key=True, comment="of a provider's limit per second"),
    Column("free_at", TIMESTAMP, nullable=False, comment="when the next request may go out, of any process"),
    schema=SCHEMA,
)
