"""What an error of Prefect or of PostgreSQL means, and what a person can do about it."""

import json
from dataclasses import dataclass

import httpx
import psycopg
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from groundwork.blocks.errors import GroundworkError
from groundwork.blocks.verdict import verdict_of

PREFECT, INBOX = "Prefect", "the inbox"
LONGEST_ANSWER = 500
"""Characters of an answer that are quoted."""

_STATES = {
    "25006": "PostgreSQL takes no writes at present (read-only: a standby, or default_transaction_read_only). Let "
    "GROUNDWORK_DATABASE_URL lead to the primary",
    "28": "PostgreSQL refuses the user. Check GROUNDWORK_DATABASE_URL",
    "3D": "PostgreSQL has no such database. Check GROUNDWORK_DATABASE_URL",
    "42P01": "PostgreSQL lacks a table. Run `groundwork deploy`",
    "42703": "PostgreSQL lacks a column: the schema is older than this code. Run `groundwork deploy`",
    "3F000": "PostgreSQL lacks a schema. Run `groundwork deploy`",
    "42883": "PostgreSQL lacks a function: the schema is older than this code. Run `groundwork deploy`",
    "42501": "PostgreSQL denies a right to this user. Grant it",
    "53100": "PostgreSQL's disk is full. Make room on it",
    "53300": "PostgreSQL has no connection left. Raise max_connections, or start fewer processes",
    "53": "PostgreSQL is short of resources. Look at its memory and its disk",
    "58": "PostgreSQL meets errors of its machine, such as of a disk. Look at its log",
}
"""Cures by the beginning of the SQLSTATE; the longest beginning that fits counts."""


@dataclass(frozen=True)
class Cure:
    """An error in a person's words.

    Attributes:
        subject: what is away; errors of one subject begin and end together.
        kind: tells causes apart, so that each is told once.
        text: what happened and what to do, without a full stop.
        expected: False for an error that nobody has foreseen: its traceback is worth logging.
    """

    subject: str
    kind: str
    text: str
    expected: bool = True


def cure_of(error: BaseException, doing: str) -> Cure:
    """Explain an error.

    Args:
        doing: what was being done; the subject of errors that concern neither Prefect nor PostgreSQL.
    """
    if isinstance(error, BaseExceptionGroup):
        return cure_of(error.exceptions[0], doing)
    # Prefect's ObjectNotFound and the like keep the answer. Importing them would cost each command a second.
    error = getattr(error, "http_exc", None) or error
    if isinstance(error, httpx.HTTPStatusError):
        return _refusal(error)
    if isinstance(error, httpx.HTTPError):
        text = f"{_prefect()} does not answer ({_said(error)}). Check that its server runs, and PREFECT_API_URL"
        return Cure(PREFECT, "silent", text)
    if isinstance(error, ValidationError | json.JSONDecodeError):
        text = (
            f"an answer of {_prefect()} makes no sense ({_said(error)}). Check that PREFECT_API_URL leads to Prefect's "
            "API and that no proxy alters its answers"
        )
        return Cure(PREFECT, "nonsense", text)
    if isinstance(error, DBAPIError | psycopg.Error | PoolTimeout):
        return _of_database(error)
    if isinstance(error, GroundworkError):
        return Cure(doing, type(error).__name__, str(error).rstrip("."))
    return Cure(doing, type(error).__name__, f"{doing} failed: {type(error).__name__}: {_said(error)}", expected=False)


def is_refusal_of_content(error: httpx.HTTPStatusError) -> bool:
    """Whether an answer may be about what was sent, and not about who sends it, where to, or how often."""
    return 400 <= error.response.status_code < 500 and error.response.status_code not in (401, 403, 404, 405, 408, 429)


def answer_of(error: httpx.HTTPStatusError) -> str:
    """An answer of Prefect's, shortened: status and body."""
    body = " ".join(error.response.text.split())
    more = "…" if len(body) > LONGEST_ANSWER else ""
    return f"{error.response.status_code} {body[:LONGEST_ANSWER]}{more}".strip()


def _refusal(error: httpx.HTTPStatusError) -> Cure:
    status = error.response.status_code
    asked = f"{error.request.method} {error.request.url.path}"
    if status == 401 or (status == 403 and "CSRF" not in error.response.text):
        text = (
            f"{_prefect()} refuses this process ({answer_of(error)}). Set PREFECT_API_AUTH_STRING to what the server "
            "was given as PREFECT_SERVER_API_AUTH_STRING (PREFECT_API_KEY where it is Prefect Cloud)"
        )
    elif status == 429:
        text = f"{_prefect()} asks to be called less often (429)"
    elif status in (404, 405):
        text = (
            f"{_prefect()} knows nothing at {asked} ({status}). Run `groundwork deploy`, and check that "
            "PREFECT_API_URL ends in /api"
        )
    elif status >= 500:
        text = f"{_prefect()} answers {answer_of(error)} to {asked}. Its server's log says why"
    else:
        text = f"{_prefect()} refuses {asked}: {answer_of(error)}"
    return Cure(PREFECT, str(status), text)


def _of_database(error: BaseException) -> Cure:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    state = getattr(cause, "sqlstate", None) or ""
    for length in (5, 2):
        if found := _STATES.get(state[:length]):
            return Cure(INBOX, state[:length], f"{found} ({_said(cause)})")
    if verdict_of(cause) is None and isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError | PoolTimeout):
        text = (
            f"PostgreSQL does not answer ({_said(cause)}). In the embedded mode run `groundwork up`, else check its "
            "server and GROUNDWORK_DATABASE_URL"
        )
        return Cure(INBOX, "silent", text)
    return Cure(
        INBOX, state or type(cause).__name__, f"PostgreSQL refuses a statement ({_said(cause)})", expected=False
    )


def _prefect() -> str:
    """Prefect with the host and port it is looked for at. Names and passwords in the URL stay out of logs."""
    from prefect.settings import PREFECT_API_URL

    url = PREFECT_API_URL.value()
    if not url:
        return "Prefect"
    parsed = httpx.URL(url)
    return f"Prefect at {parsed.host}" + (f":{parsed.port}" if parsed.port else "")


def _said(error: BaseException) -> str:
    """The first line of an error, or its kind where it says nothing."""
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return first[:LONGEST_ANSWER] or type(error).__name__
