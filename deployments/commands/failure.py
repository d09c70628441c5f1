"""What a command says, and how it exits, when something outside of it is wrong. A bug keeps its traceback."""

import errno
import sys
from typing import Any

_WORK_FAILED = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE}
"""System errors by which the work failed. Others, such as a missing file, are wrong use."""


def explain(error: BaseException) -> tuple[str, int] | None:
    """The message for people and the exit code of an error that a user or their machine can cause; None for a bug."""
    from groundwork.blocks.errors import Explained

    if isinstance(error, Explained):
        return str(error), error.exit_code
    if isinstance(error, UnicodeError):
        return f"text that is no valid Unicode was given: {error}", 2
    return _database(error) or _network(error) or _settings(error) or _prefect(error) or _system(error)


def _database(error: BaseException) -> tuple[str, int] | None:
    import psycopg
    from sqlalchemy import exc

    from groundwork.blocks.verdict import verdict_of

    if isinstance(error, exc.ArgumentError | exc.NoSuchModuleError):
        return "GROUNDWORK_DATABASE_URL is not of the form postgresql://user:password@host/database", 2
    cause: Any = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(cause, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
        return f"the database has no tables of Groundwork yet. {_where_to_look()}", 2
    if verdict_of(cause) is None and isinstance(cause, psycopg.OperationalError | exc.TimeoutError):
        return _unreachable_database(cause), 2
    if isinstance(cause, psycopg.Error):
        return f"the database refused: {_first_line(cause)}", 2
    return None


def _network(error: BaseException) -> tuple[str, int] | None:
    import httpx

    if isinstance(error, httpx.TransportError):
        # The attribute raises where the error was made before there was a request.
        request = getattr(error, "_request", None)
        url = str(request.url) if request else "the server"
        return f"cannot reach {url}: {error}. {_named_gateway(url) or _where_to_look()}", 2
    if isinstance(error, httpx.HTTPStatusError):
        return f"{error.response.status_code} from {error.request.url}: {error.response.text[:200]}", 2
    if isinstance(error, httpx.InvalidURL):
        return f"a URL is malformed: {error}. Check GROUNDWORK_HOST, GROUNDWORK_PORT and PREFECT_API_URL.", 2
    return None


def _named_gateway(url: str) -> str | None:
    from groundwork.blocks.settings import settings

    gateway = settings().gateway_url
    return "Check GROUNDWORK_GATEWAY_URL." if gateway and url.startswith(gateway.rstrip("/")) else None


def _settings(error: BaseException) -> tuple[str, int] | None:
    from pydantic import ValidationError

    from groundwork.blocks.faults import lines_of

    if not isinstance(error, ValidationError):
        return None
    return f"{error.title} is not as it should be:{lines_of(error)}", 2


def _prefect(error: BaseException) -> tuple[str, int] | None:
    prefect = sys.modules.get("prefect.exceptions")
    if prefect is not None and isinstance(error, prefect.PrefectException):
        return f"Prefect: {_first_line(error)}. Check PREFECT_API_URL and PREFECT_API_AUTH_STRING.", 2
    return None


def _system(error: BaseException) -> tuple[str, int] | None:
    if not isinstance(error, OSError):
        return None
    what = f"{error.filename}: " if error.filename else ""
    return f"{what}{error.strerror or error}", 1 if error.errno in _WORK_FAILED else 2


def _unreachable_database(error: BaseException) -> str:
    from groundwork.blocks.settings import settings
    from groundwork.deployments.commands.options import running_on

    told = f"cannot reach the database: {_first_line(error)}."
    if settings().database_url:
        return f"{told} Check GROUNDWORK_DATABASE_URL."
    return f"{told} {_where_to_look()}" if running_on(settings().home) else _where_to_look()


def _where_to_look() -> str:
    from groundwork.deployments.commands.options import where_to_look

    return where_to_look()


def _first_line(error: BaseException) -> str:
    """The error without what PostgreSQL and libpq add below, such as questions whether a server runs."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
