"""the contacts are an application with a branch of its own

Revisions 0001 to 0003 made its tables along with the engine's. A home that was made by them keeps its tables, and the
application's first revision finds them. In a new one they were made a moment ago by this very upgrade, in the same
transaction, and are empty: they go, and come back only with the application.
"""

from alembic import context, op

revision = "0009"
down_revision = "0008"
branch_labels = ("engine",)

_TABLES = ("weekly_figures", "welcome_mail", "contact_export", "import_skipped", "csv_import", "contact")


def upgrade() -> None:
    if context.config.attributes["new"]:
        for table in _TABLES:
            op.drop_table(table, schema="app")
