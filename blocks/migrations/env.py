"""Alembic's entry point: migrates the connection that the caller put into the configuration, along one branch."""

from alembic import context

from groundwork.blocks.migrations.branches import SCHEMA, VERSIONS
from groundwork.blocks.schema import with_applications

_attributes = context.config.attributes
_metadata = with_applications()
_schemas = {table.schema for table in _metadata.tables.values()}


def _is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Whether a comparison looks at a thing of the database."""
    if kind == "schema":
        return name in _schemas
    in_schema = parents.get("schema_name") if isinstance(parents, dict) else None
    return not (kind == "table" and in_schema == SCHEMA and str(name).startswith(VERSIONS))


context.configure(
    connection=_attributes["connection"],
    target_metadata=_metadata,
    include_schemas=True,
    include_name=_is_ours,
    compare_server_default=True,
    **_attributes["branch"].options,
)
with context.begin_transaction():
    context.run_migrations()
