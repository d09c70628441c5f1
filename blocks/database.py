"""PostgreSQL, embedded by default.

Free of Prefect, whose import costs 1.5 s of CPU: the command line's short commands go through this module. The block
that Prefect's UI shows is :class:`groundwork.blocks.database_block.DatabaseBlock`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import psycopg
from pydantic import BaseModel, Field, PrivateAttr, SecretStr
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.prefect_profile import prefect_may_be_configured
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.settings import settings

_KEPT_OPEN = 5
_CONNECTIONS = 26
"""Connections that a process may have in its pool. More threads wait for one of them."""
_BESIDE_THREADS = 10
"""Connections for what looks after a process's threads, besides one for each of these."""


def connections_of_process(threads: int) -> int:
    """How many a process may have at one time whose work is done by so many threads."""
    return max(threads + _BESIDE_THREADS, _CONNECTIONS)


class Database(BaseModel):
    """PostgreSQL 14 or later: the inbox and the application's tables.

    Left empty, it is the embedded server of the Groundwork home.
    """

    connection_url: SecretStr | None = Field(
        None, title="URL", description="postgresql://user:password@host/database. Empty: the embedded server."
    )
    _pooled: bool | None = PrivateAttr(None)
    _most: int = PrivateAttr(_CONNECTIONS)

    @property
    def url(self) -> URL:
        """SQLAlchemy URL with the psycopg driver.

        Raises:
            ConfigurationError: the URL is not one of PostgreSQL.
        """
        if self.connection_url is None:
            return EmbeddedPostgres(settings().home).url()
        return postgresql_url(self.connection_url, "GROUNDWORK_DATABASE_URL")

    @property
    def conninfo(self) -> str:
        """libpq connection string, for COPY and LISTEN on a connection of one's own."""
        rendered = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        # SQLAlchemy leaves spaces as they are, which libpq refuses, or writes "+" for them, which libpq reads as "+".
        place, mark, options = rendered.partition("?")
        return place.replace(" ", "%20") + mark + options.replace("+", "%20")

    @cached_property
    def engine(self) -> Engine:
        """SQLAlchemy engine, made once per block; its pool opens connections on demand. Errors show no row's data."""
        overflow = self._most - _KEPT_OPEN
        engine = create_engine(
            self.url, pool_pre_ping=True, pool_size=_KEPT_OPEN, max_overflow=overflow, hide_parameters=True
        )
        event.listen(engine, "connect", lambda connection, _: self._adapt(connection))
        return engine

    def make_room(self, threads: int) -> None:
        """Let so many threads of this process have a connection at one time, and what looks after them besides. Who has
        one keeps it; it is no part of the pool any more."""
        if (most := connections_of_process(threads)) <= self._most:
            return
        self._most = most
        if engine := self.__dict__.pop("engine", None):
            engine.dispose()

    @property
    def pooled(self) -> bool:
        """Whether a pooler gives each transaction another connection, so that nothing is kept in a session.

        Raises:
            psycopg.OperationalError: the database cannot be reached.
        """
        self._settle_pooled()
        if self._pooled is None:
            self.connect().close()
        return bool(self._pooled)

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
        """A psycopg connection outside the pool, for bulk COPY. The caller closes it."""
        connection = psycopg.connect(self.conninfo)
        self._adapt(connection)
        return connection

    @contextmanager
    def listening(self, *channels: str) -> Iterator[psycopg.Connection[tuple[object, ...]] | None]:
        """A connection of its own that hears what is notified on these channels.

        Yields:
            The connection; None behind a pooler, where nothing would be heard. Look from time to time instead.
        """
        direct = self.direct
        if direct is None:
            yield None
            return
        with psycopg.connect(direct.conninfo, autocommit=True) as connection:
            for channel in channels:
                connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
            yield connection

    @property
    def direct(self) -> "Database | None":
        """The database past its pooler, for what needs a session; itself where there is no pooler, None where only a
        pooler is known."""
        if not self.pooled:
            return self
        url = settings().database_direct_url
        if url is None:
            return None
        direct = Database(connection_url=SecretStr(postgresql_url(url, _DIRECT).render_as_string(hide_password=False)))
        direct._pooled = False
        return direct

    def _adapt(self, connection: Any) -> None:
        """Keep psycopg from preparing statements that the next transaction would not find."""
        self._settle_pooled()
        if self._pooled is None:
            self._pooled = is_behind_pooler(connection)
        if self._pooled:
            connection.prepare_threshold = None

    def _settle_pooled(self) -> None:
        """Note whether there is a pooler, if that is known without asking."""
        if self.connection_url is None:
            self._pooled = False
        elif self._pooled is None and settings().database_pooler != "detect":
            self._pooled = settings().database_pooler == "transaction"


_DIRECT = "GROUNDWORK_DATABASE_DIRECT_URL"


def postgresql_url(url: SecretStr, setting: str) -> URL:
    """A setting's URL with the psycopg driver.

    Raises:
        ConfigurationError: it is not one of PostgreSQL.
    """
    try:
        read = make_url(url.get_secret_value())
    except ArgumentError:
        raise ConfigurationError(f"{setting} is not of the form postgresql://user:password@host/database") from None
    if read.get_backend_name() not in ("postgresql", "postgres"):
        raise ConfigurationError(f"{setting} is a {read.get_backend_name()} URL; Groundwork needs postgresql://…")
    return read.set(drivername="postgresql+psycopg")


def is_behind_pooler(connection: psycopg.Connection[Any]) -> bool:
    """Whether somebody between us and PostgreSQL answers in its place.

    PostgreSQL tells each client the number of its own process, by which statements are cancelled. Whoever passes a
    client from one process to another has to tell it a number of its own.
    """
    in_transaction = connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE
    [process] = connection.execute("SELECT pg_backend_pid()").fetchone() or (None,)
    if not in_transaction:
        connection.rollback()
    return bool(process != connection.info.backend_pid)


def _ending_behind(error: BaseException) -> BaseException | None:
    """The exception that ends a program or a run, where the error arose as it was on its way."""
    behind: BaseException | None = error
    while behind is not None and isinstance(behind, Exception | GeneratorExit):
        behind = behind.__cause__ or behind.__context__
    return behind


@process_cache
def database() -> Database:
    """The process's database: as the environment says, else as the block in Prefect does, else the embedded server."""
    url = settings().database_url
    if url:
        return Database(connection_url=url)
    if not prefect_may_be_configured():
        return Database()
    from groundwork.blocks.database_block import DatabaseBlock

    return DatabaseBlock.configured()
