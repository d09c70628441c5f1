"""What PostgreSQL refuses for good: it would refuse the same statement with the same values again."""

from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError

_PASSING = ("08", "25006", "25P03", "25P04", "28", "3D", "40", "53", "55", "57", "58")
"""Begin of the SQLSTATEs that say something about the server, its load or other transactions."""
_OPERATORS = ("3F000", "42501", "42703", "42883", "42P01")
"""SQLSTATEs of a schema or of rights that an operator mends; what was sent is good."""
_OF_VALUES = ("21", "22", "23", "44", "54")
"""Begin of the SQLSTATEs that say something about the values: malformed, out of range, forbidden, too large."""


@dataclass(frozen=True)
class Verdict:
    """Why a statement will never go through.

    Attributes:
        sqlstate: empty where the driver did not even send the statement.
        of_values: whether the values are at fault, and not the statement or the server.
        reason: PostgreSQL's own first line. It may quote a value.
    """

    sqlstate: str
    of_values: bool
    reason: str

    def __str__(self) -> str:
        return f"{self.reason} (SQLSTATE {self.sqlstate})" if self.sqlstate else self.reason


def verdict_of(error: BaseException) -> Verdict | None:
    """The verdict in an error of SQLAlchemy or of psycopg; None where trying again may help, or it is no such error."""
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, psycopg.Error):
        return None
    state = cause.sqlstate or ""
    if not state:
        # The driver itself refuses values, such as a NUL character; other errors without a state are of the connection.
        return Verdict("", of_values=True, reason=_reason(cause)) if isinstance(cause, psycopg.DataError) else None
    if state.startswith(_PASSING) or state in _OPERATORS:
        return None
    return Verdict(state, of_values=state.startswith(_OF_VALUES), reason=_reason(cause))


def _reason(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error).partition("\n")[0] or type(error).__name__
