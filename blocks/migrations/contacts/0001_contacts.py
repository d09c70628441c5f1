"""the contacts application's tables

The engine's revisions 0001 to 0003 made them in homes that are older than this branch: there they are all found, with
the rows in them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "contacts_0001"
down_revision = None
branch_labels = ("contacts",)

_TABLES = {"contact", "csv_import", "import_skipped", "contact_export", "welcome_mail", "weekly_figures"}


def upgrade() -> None:
    found = _TABLES.intersection(sa.inspect(op.get_bind()).get_table_names(schema="app"))
    if found == _TABLES:
        return
    if found:
        raise LookupError(
            f"the schema app has tables of the names {', '.join(sorted(found))}, but not all of the application's; "
            "rename them, or restore the others from a backup"
        )
    _create()


def _create() -> None:
    op.create_table(
        "contact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("custom", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("import_id", sa.Text(), nullable=True, comment="the import that wrote the row last"),
        sa.Column(
            "import_repeats",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="how often that import overwrote its own row: repeats of the e-mail within its file",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("contact_pkey")),
        sa.UniqueConstraint("workspace_id", "email", name=op.f("contact_workspace_id_email_key")),
        schema="app",
    )
    op.create_table(
        "csv_import",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("blob_path", sa.Text(), nullable=False, comment="key in the blob store"),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column(
            "summary",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="counts, as the job's table shows them",
        ),
        sa.Column("rejects_path", sa.Text(), nullable=True, comment="key of the rejected rows in the blob store"),
        sa.Column("error_log", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'completed_with_errors', 'failed')",
            name=op.f("csv_import_status_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("csv_import_pkey")),
        schema="app",
    )
    op.create_index(op.f("csv_import_workspace_id_idx"), "csv_import", ["workspace_id"], unique=False, schema="app")
    op.create_table(
        "import_skipped",
        sa.Column("import_id", sa.Text(), nullable=False),
        sa.Column(
            "email", sa.Text(), nullable=False, comment="left alone by on_conflict=skip; a second sight is a duplicate"
        ),
        sa.PrimaryKeyConstraint("import_id", "email", name=op.f("import_skipped_pkey")),
        schema="app",
    )
    op.create_table(
        "contact_export",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("format", sa.Text(), nullable=True, comment="of the file; known once the export has begun"),
        sa.Column("blob_path", sa.Text(), nullable=True, comment="key of the file in the blob store"),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True, comment="size of the file"),
        sa.Column("sha256", sa.Text(), nullable=True, comment="of the file, hexadecimal"),
        sa.Column(
            "expires_at", sa.DateTime(timezone=True), nullable=True, comment="until when download links are made"
        ),
        sa.Column("error_log", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')",
            name=op.f("contact_export_status_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("contact_export_pkey")),
        schema="app",
    )
    op.create_index(op.f("contact_export_workspace_id_idx"), "contact_export", ["workspace_id"], schema="app")
    op.create_table(
        "welcome_mail",
        sa.Column(
            "user_id", sa.Text(), nullable=False, comment="kept when the user is deleted: at most one mail for ever"
        ),
        sa.Column("delivery_id", sa.Uuid(), nullable=False, comment="the only delivery that may send it"),
        sa.Column(
            "claimed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("user_id", name="welcome_mail_pkey"),
        schema="app",
    )
    op.create_table(
        "weekly_figures",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("week", sa.Text(), nullable=False, comment="ISO 8601, such as 2026-W47"),
        sa.Column(
            "figures",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="as the digest told them; the next one compares with them",
        ),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "week", name="weekly_figures_pkey"),
        schema="app",
    )
