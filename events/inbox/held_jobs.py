"""Deliveries of jobs that cannot start, which wait and say why."""

import json
from collections.abc import Mapping

from groundwork.blocks.database import database
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


def give_places_back(job: str, reason: str) -> None:
    """Let deliveries of a job that nothing can run give their places up. They wait for as long as it takes."""
    with database().transaction() as connection:
        connection.execute(_statement("give_places_back"), {"job": job, "reason": reason})


def note_why_it_waits(job: str, reason: str) -> None:
    """Let the oldest deliveries of a job that is held say why they wait."""
    with database().transaction() as connection:
        connection.execute(_statement("note_why_it_waits"), {"job": job, "reason": reason})


def note_held(reasons: Mapping[str, str]) -> None:
    """Keep why jobs are held, for everybody who looks at lanes and deliveries.

    Args:
        reasons: by job. A job that is not in it can start.
    """
    with database().transaction() as connection:
        connection.execute(_statement("note_held"), {"reasons": json.dumps(dict(reasons))})
