"""Users and what mails they want: the engine's own, since notifications need them. Applications store them."""

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, func, text

from groundwork.blocks.schema.base import metadata

SCHEMA = "app"

app_user = Table(
    "app_user",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace_id", Text, nullable=False, index=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("app_user_address_idx", text("lower(email)")),
    schema=SCHEMA,
)

notification_setting = Table(
    "notification_setting",
    metadata,
    Column("user_id", Text, ForeignKey(f"{SCHEMA}.app_user.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True, comment="of mails, as kind.txt beside their template names it"),
    Column("wanted", Boolean, nullable=False),
    schema=SCHEMA,
    comment="a person who has no row for a kind of mail wants it",
)

workspace_setting = Table(
    "workspace_setting",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("locale", Text, nullable=False, comment="of numbers and dates, such as de or en-US"),
    Column("time_zone", Text, nullable=False, comment="IANA name"),
    schema=SCHEMA,
    comment="a workspace without a row has en-GB and UTC",
)

mail_bounce = Table(
    "mail_bounce",
    metadata,
    Column("user_id", Text, ForeignKey(f"{SCHEMA}.app_user.id", ondelete="CASCADE"), primary_key=True),
    Column("address", Text, nullable=False, comment="that it was; the user may have another since"),
    Column("kind", Text, nullable=False, comment="hard: nothing is sent there; soft: it is tried again"),
    Column("reason", Text, nullable=False),
    Column("bounced_at", DateTime(timezone=True), nullable=False),
    Column("times", Integer, nullable=False, server_default="1"),
    CheckConstraint("kind IN ('hard', 'soft')", name="kind"),
    schema=SCHEMA,
    comment="addresses of users from which mail came back",
)
