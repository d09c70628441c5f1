"""What is let into its lane, and what never gets there: expired, superseded, skipped."""

from sqlalchemy import Connection

from groundwork.events.inbox.arrivals import answer_waits
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

_IN_ORDER = ("expire", "supersede_debounced", "gather_debounced", "promote", "skip_singletons")


def bring_up_to_date(connection: Connection) -> None:
    """Settle or let into its lane whatever is due. The caller holds the admission."""
    answer_waits(connection)
    for name in _IN_ORDER:
        connection.execute(_statement(name))
