"""The contacts application's own rows: contacts, records of imports and exports, and what mails leave behind."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from groundwork.blocks.schema.base import metadata

SCHEMA = "app"
_timestamp = DateTime(timezone=True)

contact = Table(
    "contact",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("workspace_id", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("phone", Text),
    Column("company", Text),
    Column("job_title", Text),
    Column("city", Text),
    Column("country", Text),
    Column("tags", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("custom", JSONB, nullable=False, server_default=text("'{}'")),
    Column("import_id", Text, comment="the import that wrote the row last"),
    Column(
        "import_repeats",
        Integer,
        nullable=False,
        server_default="0",
        comment="how often that import overwrote its own row: repeats of the e-mail within its file",
    ),
    Column("created_at", _timestamp, nullable=False, server_default=func.now()),
    Column("updated_at", _timestamp, nullable=False, server_default=func.now()),
    UniqueConstraint("workspace_id", "email"),
    schema=SCHEMA,
)

IMPORT_STATUSES = ("pending", "processing", "completed", "completed_with_errors", "failed")

csv_import = Table(
    "csv_import",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace_id", Text, nullable=False, index=True),
    Column("user_id", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("blob_path", Text, nullable=False, comment="key in the blob store"),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("summary", JSONB, comment="counts, as the job's table shows them"),
    Column("rejects_path", Text, comment="key of the rejected rows in the blob store"),
    Column("error_log", Text),
    Column("created_at", _timestamp, nullable=False, server_default=func.now()),
    Column("started_at", _timestamp),
    Column("finished_at", _timestamp),
    CheckConstraint(f"status IN {IMPORT_STATUSES}", name="status"),
    schema=SCHEMA,
)

import_skipped = Table(
    "import_skipped",
    metadata,
    Column("import_id", Text, primary_key=True),
    Column("email", Text, primary_key=True, comment="left alone by on_conflict=skip; a second sight is a duplicate"),
    schema=SCHEMA,
)

EXPORT_STATUSES = ("pending", "processing", "completed", "failed", "cancelled")

contact_export = Table(
    "contact_export",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace_id", Text, nullable=False, index=True),
    Column("user_id", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("format", Text, comment="of the file; known once the export has begun"),
    Column("blob_path", Text, comment="key of the file in the blob store"),
    Column("rows", BigInteger),
    Column("bytes", BigInteger, comment="size of the file"),
    Column("sha256", Text, comment="of the file, hexadecimal"),
    Column("expires_at", _timestamp, comment="until when download links are made"),
    Column("error_log", Text),
    Column("created_at", _timestamp, nullable=False, server_default=func.now()),
    Column("started_at", _timestamp),
    Column("finished_at", _timestamp),
    CheckConstraint(f"status IN {EXPORT_STATUSES}", name="status"),
    schema=SCHEMA,
)

welcome_mail = Table(
    "welcome_mail",
    metadata,
    Column("user_id", Text, primary_key=True, comment="kept when the user is deleted: at most one mail for ever"),
    Column("delivery_id", Uuid, nullable=False, comment="the only delivery that may send it"),
    Column("claimed_at", _timestamp, nullable=False, server_default=func.clock_timestamp()),
    schema=SCHEMA,
)

weekly_figures = Table(
    "weekly_figures",
    metadata,
    Column("workspace_id", Text, primary_key=True),
    Column("week", Text, primary_key=True, comment="ISO 8601, such as 2026-W47"),
    Column("figures", JSONB, nullable=False, comment="as the digest told them; the next one compares with them"),
    Column("created_at", _timestamp, nullable=False, server_default=func.clock_timestamp()),
    schema=SCHEMA,
)
