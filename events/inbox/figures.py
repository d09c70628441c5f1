"""What is counted of each job: how much was accepted, waits, runs, and how it ended."""

from collections import defaultdict

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


def job_figures(connection: Connection) -> dict[str, dict[str, float]]:
    """Figures by job and name; a job has those that are not 0.

    Totals since the first start, which retention does not change: ``accepted``, ``attempts``, ``done``, ``failed``,
    ``cancelled``. As of now: ``scheduled``, ``queued``, ``admitted_now``, ``running_now``, ``dead`` (dead letters that
    nobody has replayed), and ``oldest_queued``, in seconds since it could have started. The cost grows with the
    backlog, not with the history.
    """
    figures: dict[str, dict[str, float]] = defaultdict(dict)
    for row in connection.execute(_statement("job_figures")):
        by_name = figures[row.job]
        if row.name is not None:
            by_name[row.name] = float(row.value)
    return dict(figures)


def fold_tally(connection: Connection) -> None:
    """Sum up what the inbox has counted row by row. Call it about once a minute."""
    connection.execute(_statement("fold_tally"))
