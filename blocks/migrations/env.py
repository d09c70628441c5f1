"""Alembic's entry point: migrates the connection that the caller put into the configuration."""

from alembic import context

from groundwork.blocks.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_schemas=True,
    include_name=lambda name, kind, _parents: kind != "schema" or name in ("groundwork", "app"),
    version_table="migration",
    version_table_schema="groundwork",
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
