"""Time that passes at once, for tests: only the test kit imports this module."""

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

_STATEMENTS = (
    "pass_jobs",
    "pass_events",
    "pass_deliveries",
    "pass_throttles",
    "pass_waits",
    "pass_rates",
    "pass_keys",
    "pass_blockages",
)


def advance(connection: Connection, seconds: float) -> None:
    """Let everything in the inbox be that much longer ago: what waits for a time is that much closer to it.

    Args:
        seconds: how much time passes.

    Raises:
        ValueError: below 0; time does not run backwards.
    """
    if seconds < 0:
        raise ValueError(f"advance({seconds}): time does not run backwards; give 0 or more seconds")
    for name in _STATEMENTS:
        connection.execute(_statement(name), {"seconds": seconds})
