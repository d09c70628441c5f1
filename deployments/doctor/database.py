"""PostgreSQL: version, rights, schema, pooler and clock."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from groundwork.blocks.database import connections_of_process, database
from groundwork.blocks.migrations import ahead, behind
from groundwork.blocks.schema.inbox import SCHEMA
from groundwork.blocks.settings import settings
from groundwork.deployments.clocks import database_clock, difference
from groundwork.deployments.doctor.finding import Finding

AREA = "database"
OLDEST = 14
_CONNECTIONS_OF_PARTS = 60
"""What the other parts and Prefect have at one time on one machine, hosts of light runs apart."""
_ROLE = text("""
    SELECT current_user AS name, rolsuper AS super,
           has_database_privilege(current_database(), 'CREATE') AS may_make_schema,
           (SELECT count(*) FROM pg_namespace WHERE nspname = :schema) = 1 AS has_schema
    FROM pg_roles WHERE rolname = current_user
""")
# Tables, and views of them, that the role may not read and write as parts do.
_LACKING = text("""
    SELECT relation.relname
    FROM pg_class AS relation
    JOIN pg_namespace ON pg_namespace.oid = relation.relnamespace AND pg_namespace.nspname = :schema
    WHERE relation.relkind IN ('r', 'p')
      AND NOT (has_table_privilege(relation.oid, 'SELECT') AND has_table_privilege(relation.oid, 'INSERT')
               AND has_table_privilege(relation.oid, 'UPDATE') AND has_table_privilege(relation.oid, 'DELETE'))
    ORDER BY relation.relname
""")
_LIGHT_JOBS = text("SELECT EXISTS (SELECT FROM groundwork.job WHERE light AND retired_at IS NULL)")


def look_at_database() -> Iterator[Finding]:
    """What there is to say of it.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: it cannot be asked.
    """
    with database().transaction() as connection:
        yield _version(connection)
        yield from _rights(connection)
        yield from _connections(connection)
    yield _pooler()
    clock = database_clock()
    yield (
        Finding(AREA, "mind", f"{difference('PostgreSQL', clock)}.")
        if clock.differs
        else Finding(AREA, "ok", "its clock agrees with this machine's")
    )


def _version(connection: Connection) -> Finding:
    version = str(connection.execute(text("SHOW server_version")).scalar_one())
    major = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    if major < OLDEST:
        return Finding(AREA, "fails", f"PostgreSQL {version} is too old: {OLDEST} is the least.")
    return Finding(AREA, "ok", f"PostgreSQL {version}")


def _rights(connection: Connection) -> Iterator[Finding]:
    role: Any = connection.execute(_ROLE, {"schema": SCHEMA}).one()
    if role.super and settings().in_production:
        yield Finding(AREA, "mind", f"{role.name} is a superuser. Give parts a role that owns this database at most.")
    if not role.has_schema:
        cure = "Run `groundwork deploy`"
        if not role.may_make_schema:
            cure = f'Have somebody run GRANT CREATE ON DATABASE … TO "{role.name}", then run `groundwork deploy`'
        yield Finding(AREA, "fails", f"there is no schema {SCHEMA}. {cure}.")
        return
    if lacking := connection.execute(_LACKING, {"schema": SCHEMA}).scalars().all():
        yield Finding(
            AREA,
            "fails",
            f"{role.name} may not read and write {', '.join(lacking[:5])}{' and others' if len(lacking) > 5 else ''}. "
            f"Have their owner run GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN "
            f'SCHEMA {SCHEMA} TO "{role.name}".',
        )
        return
    if wrong := behind(connection):
        yield Finding(AREA, "fails", f"{wrong.rstrip('.')}: `groundwork deploy` of the same release does.")
        return
    if told := ahead(connection):
        yield Finding(AREA, "mind", told)
        return
    yield Finding(AREA, "ok", f"the schema is this code's, and {role.name} may read and write it")


def _connections(connection: Connection) -> Iterator[Finding]:
    most = int(connection.execute(text("SHOW max_connections")).scalar_one())
    places = settings().light_places
    by_hosts = settings().host_places * connections_of_process(places) if _has_light_jobs(connection) else 0
    if most < (wanted := _CONNECTIONS_OF_PARTS + by_hosts):
        hosts = f", and hosts of light runs {by_hosts}" if by_hosts else ""
        cure = f"{wanted} or more, or lower GROUNDWORK_LIGHT_PLACES ({places})" if by_hosts else "100 or more"
        yield Finding(
            AREA,
            "mind",
            f"max_connections is {most}. Parts and Prefect may have {_CONNECTIONS_OF_PARTS} at one time{hosts}; what "
            f"gets none waits and is tried again. Raise it to {cure}.",
        )


def _has_light_jobs(connection: Connection) -> bool:
    try:
        with connection.begin_nested():
            return bool(connection.execute(_LIGHT_JOBS).scalar_one())
    except ProgrammingError:
        # There is no schema yet, or the role may not read it: another finding says so.
        return False


def _pooler() -> Finding:
    if not database().pooled:
        return Finding(AREA, "ok", "no pooler is in between")
    direct = database().direct
    if direct is None:
        return Finding(
            AREA,
            "mind",
            "a pooler is in between: events wait longer, and each relay works. Set GROUNDWORK_DATABASE_DIRECT_URL to "
            "the address of PostgreSQL itself.",
        )
    direct.connect().close()
    return Finding(AREA, "ok", "a pooler is in between, and the direct address answers")
