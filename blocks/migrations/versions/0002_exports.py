"""exports of contacts"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
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
