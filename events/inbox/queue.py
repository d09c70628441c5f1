"""What is let into its lane, and what never gets there: expired, superseded, skipped."""

from dataclasses import dataclass

from sqlalchemy import Connection

from groundwork.events.inbox.arrivals import answer_waits
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


@dataclass(frozen=True, slots=True)
class Due:
    """What a look at the inbox has to do. Each statement finds out for itself what exactly; most looks need few.

    Attributes:
        arrivals: something came that waits may be for.
        expired: something was not started in time.
        starts: the time of something has come.
        debounced: the same, and there are jobs that debounce.
        singletons: there are jobs that skip events whose key is in use.
        limits: there are jobs with limits beyond their lane.
        light: there are light jobs.
    """

    arrivals: bool
    expired: bool
    starts: bool
    debounced: bool
    singletons: bool
    limits: bool
    light: bool


def what_is_due(connection: Connection) -> Due:
    """Ask for all of it at once. The caller holds the admission: what another relay does is seen."""
    return Due(**connection.execute(_statement("due")).mappings().one())


def bring_up_to_date(connection: Connection, due: Due) -> None:
    """Settle or let into its lane whatever is due. The caller holds the admission."""
    if due.arrivals:
        answer_waits(connection)
    for name, wanted in (
        ("expire", due.expired),
        ("supersede_debounced", due.debounced),
        ("gather_debounced", due.debounced),
        ("promote", due.starts),
        ("skip_singletons", due.singletons),
    ):
        if wanted:
            connection.execute(_statement(name))
