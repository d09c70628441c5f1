"""PostgreSQL, embedded by default.

Free of Prefect, whose import costs 1.5 s of CPU: the command line's short commands go through this module. The block
that Prefect's UI shows is :class:`blocks.database_block.DatabaseBlock`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache

import psycopg
from pydantic import BaseModel, Field, SecretStr
from sqlalchemy import URL, Connection, Engine, create_engine, make_url

from blocks.embedded import EmbeddedPostgres
from blocks.errors import ConfigurationError
from blocks.prefect_profile import prefect_may_be_configured
from blocks.settings import settings


class Database(BaseModel):
    """PostgreSQL 14 or later: the inbox and the application's tables.

    Left empty, it is the embedded server of the Groundwork home.
    """

    connection_url: SecretStr | None = Field(
        None, title="URL", description="postgresql://user:password@host/database. Empty: the embedded server."
    )

    @property
    def url(self) -> URL:
        """SQLAlchemy URL with the psycopg driver.

        Raises:
            ConfigurationError: the URL is not one of PostgreSQL.
        """
        if self.connection_url is None:
            return EmbeddedPostgres(settings().home).url()
        url = make_url(self.connection_url.get_secret_value())
        if url.get_backend_name() not in ("postgresql", "postgres"):
            raise ConfigurationError(
                f"GROUNDWORK_DATABASE_URL is a {url.get_backend_name()} URL; Groundwork needs postgresql://…"
            )
        return url.set(drivername="postgresql+psycopg")

    @property
    def conninfo(self) -> str:
        """libpq connection string, for COPY and LISTEN on a connection of one's own."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @cached_property
    def engine(self) -> Engine:
        """SQLAlchemy engine, made once per block; its pool opens connections on demand. Errors show no row's data."""
        return create_engine(self.url, pool_pre_ping=True, pool_size=5, max_overflow=10, hide_parameters=True)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction: committed at the end of the block, rolled back on any exception.

        A signal whose handler raises, as SIGTERM does in a run, may leave the connection where it cannot be tidied up.
        The exception of the handler is then raised, and not what the tidying says.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except Exception as error:
            if ending := _ending_behind(error):
                raise ending from None
            raise

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A psycopg connection outside the pool, for bulk COPY or LISTEN. The caller closes it."""
        return psycopg.connect(self.conninfo)


def _ending_behind(error: BaseException) -> BaseException | None:
    """The exception that ends a program or a run, where the error arose as it was on its way."""
    behind: BaseException | None = error
    while behind is not None and isinstance(behind, Exception | GeneratorExit):
        behind = behind.__cause__ or behind.__context__
    return behind


@lru_cache
def database() -> Database:
    """The process's database: as the environment says, else as the block in Prefect does, else the embedded server."""
    url = settings().database_url
    if url:
        return Database(connection_url=url)
    if not prefect_may_be_configured():
        return Database()
    from blocks.database_block import DatabaseBlock

    return DatabaseBlock.configured()
