"""The database of Prefect's own server, where PostgreSQL is not the embedded one: which it is, and making it."""

import logging
import ssl
from urllib.parse import quote, urlencode

import certifi
import psycopg
from prefect.settings import get_current_settings
from psycopg import sql
from sqlalchemy import URL

from groundwork.blocks.database import Database, postgresql_url
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.prefect_profile import DATABASE_VARIABLE
from groundwork.blocks.settings import Settings

logger = logging.getLogger(__name__)

NAME = "prefect"
"""Name of the database that is made beside Groundwork's own."""
_SETTING = "GROUNDWORK_PREFECT_DATABASE_URL"
_NAMING = {DATABASE_VARIABLE, *(f"PREFECT_SERVER_DATABASE_{each}" for each in ("DRIVER", "HOST", "NAME"))}

_PLACES = ("host", "port")
_UNDERSTOOD = {
    "application_name", "gsslib", "krbsrvname", "options", "passfile", "service", "ssl_max_protocol_version",
    "ssl_min_protocol_version", "sslcert", "sslcrl", "sslkey", "sslmode", "sslnegotiation", "sslpassword",
    "sslrootcert", "target_session_attrs",
}  # fmt: skip
"""Options of libpq that asyncpg reads in a connection string."""

_EXISTS = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = %s)"
# What Prefect's migrations need: tables in the first schema of the search path, and indexes of pg_trgm, which the owner
# of a database may install.
_RIGHTS = """
    SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
           EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')
           OR (EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm')
               AND has_database_privilege(current_database(), 'CREATE'))
"""


def said_to_prefect() -> dict[str, str]:
    """Variables by which the environment, Prefect's profile or its files name the server's database; none if they do
    not. Parts of ``up`` do not see the profile."""
    said = get_current_settings().to_environment_variables(exclude_unset=True)
    return (
        {name: value for name, value in said.items() if name.startswith("PREFECT_SERVER_DATABASE_")}
        if (_NAMING & said.keys())
        else {}
    )


def prefect_database(settings: Settings) -> URL:
    """URL of the database, for asyncpg. It exists, and Prefect can migrate it. The URL holds the password.

    Args:
        settings: with ``database_url``.

    Raises:
        ConfigurationError: the role may not make it, or may not make tables in it; the message has the SQL to run.
        psycopg.OperationalError: the server of ``GROUNDWORK_DATABASE_URL`` cannot be reached.
    """
    if settings.prefect_database_url:
        url = postgresql_url(settings.prefect_database_url, _SETTING)
    else:
        beside = Database(connection_url=settings.database_url).direct
        if beside is None:
            raise ConfigurationError(
                "GROUNDWORK_DATABASE_URL leads to a pooler, through which Prefect's server does not work. Set "
                "GROUNDWORK_DATABASE_DIRECT_URL to the address of PostgreSQL itself (or of a pooler in session mode), "
                f"or {_SETTING} to a database of Prefect's own."
            )
        url = beside.url.set(database=NAME)
        _make(beside, url)
    _refuse_without_rights(url)
    return asyncpg_url(url)


def asyncpg_url(url: URL) -> URL:
    """A URL for libpq as Prefect's driver takes it.

    SQLAlchemy hands what stands behind the question mark to asyncpg as arguments, which have other names, or none. So
    the options travel as a connection string without a place, which asyncpg reads as libpq does.
    """
    places = {name: value for name, value in url.query.items() if name in _PLACES}
    options = {name: value for name, value in url.query.items() if name in _UNDERSTOOD}
    unknown = sorted(url.query.keys() - places.keys() - options.keys())
    if unknown:
        logger.warning("Prefect's driver does not know %s of the database's URL: left out", ", ".join(unknown))
    if options.get("sslrootcert") == "system":
        options["sslrootcert"] = ssl.get_default_verify_paths().cafile or certifi.where()
    query = {**places, "dsn": f"postgresql://?{urlencode(options, quote_via=quote)}"} if options else places
    return url.set(drivername="postgresql+asyncpg", query=query)


def _make(beside: Database, url: URL) -> None:
    """Make the database on the server of another one."""
    if beside.url.database == NAME:
        raise ConfigurationError(
            f"The database of GROUNDWORK_DATABASE_URL is itself called {NAME}. Name another one in {_SETTING}, "
            "for Prefect's server."
        )
    with psycopg.connect(beside.conninfo, autocommit=True) as connection:
        if connection.execute(_EXISTS, [NAME]).fetchone() == (True,):
            return
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME))
        try:
            connection.execute(statement)
        except psycopg.errors.DuplicateDatabase:  # another `up` was faster
            return
        except psycopg.Error as error:
            owner = sql.Identifier(connection.info.user).as_string()
            raise ConfigurationError(
                f"Prefect's server needs a database of its own, and {connection.info.user} may not make it "
                f"({_first_line(error)}). Have somebody run, on {_place(url)}:\n"
                f"  CREATE DATABASE {NAME} OWNER {owner};\n"
                f"or name another in {_SETTING}."
            ) from None
    logger.info("made the database %s on %s", NAME, _place(url))


def _refuse_without_rights(url: URL) -> None:
    database = Database(connection_url=url.render_as_string(hide_password=False))
    try:
        with psycopg.connect(database.conninfo) as connection:
            role, name = connection.info.user, connection.info.dbname
            may_create, has_trigrams = connection.execute(_RIGHTS).fetchone() or (False, False)
    except psycopg.OperationalError as error:
        raise ConfigurationError(
            f"The database {url.database} of Prefect's server cannot be opened: {_first_line(error)}. Make it, let the "
            f"role in, or name another in {_SETTING}."
        ) from None
    lacking = [] if may_create else [f"GRANT CREATE ON SCHEMA public TO {sql.Identifier(role).as_string()};"]
    if not has_trigrams:
        lacking.append("CREATE EXTENSION pg_trgm;")
    if lacking:
        statements = "\n  ".join(lacking)
        raise ConfigurationError(
            f"Prefect's server cannot use the database {name} as {role}. Have somebody run, in {name} on "
            f"{_place(url)}:\n  {statements}\nor name another in {_SETTING}."
        )


def _place(url: URL) -> str:
    """Host and port, without names and passwords."""
    host = url.host or url.query.get("host") or "this machine"
    return f"{host}:{url.port}" if url.port else str(host)


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
