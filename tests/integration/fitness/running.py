"""The fitness application's jobs, run in this process or in one that is killed on the way."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from uuid import UUID

from sqlalchemy import text

from groundwork.blocks.database import Database, database
from groundwork.events.inbox import jobs as inbox_jobs
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.clock import advance
from groundwork.flows.job import flow_of
from groundwork.flows.registry import jobs


def register_fitness_jobs(db: Database) -> None:
    """Tell the inbox of the application's jobs, as a deploy does."""
    with db.transaction() as connection:
        for spec in jobs().values():
            if spec.body.__module__.startswith("groundwork.flows.fitness."):
                inbox_jobs.register_job(connection, spec.registration)


def due() -> list[tuple[str, UUID]]:
    """Job and delivery of each run that may start, once every batch and debounce has waited long enough."""
    with database().transaction() as connection:
        advance(connection, 120)
    return [(each.job, each.id) for each in admit(10_000)]


def drain() -> list[tuple[str, Any]]:
    """Run whatever is due, and what that sends: jobs with their results."""
    done = []
    while started := due():
        done += [(job, flow_of(job)(delivery_id=delivery)) for job, delivery in started]
    return done


def run_and_die(place: str, job: str, delivery: UUID, environment: Mapping[str, str]) -> None:
    """Run a delivery in a process of its own that SIGKILL ends at a place.

    Args:
        place: module, function, and when, as ``groundwork.flows.fitness.calculate_score:score_members:after``.
    """
    command = [sys.executable, "-m", __name__, place, job, str(delivery)]
    ended = subprocess.run(command, env=dict(environment), capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr[-3_000:]


def lose_leases(db: Database) -> None:
    """Let the deliveries of dead runs be taken over, as the sweeper does when their lease has run out."""
    with db.transaction() as connection:
        connection.execute(
            text("UPDATE groundwork.delivery SET lease_expires_at = clock_timestamp() WHERE state = 'running'")
        )


def _die_at(place: str) -> None:
    module_name, name, when = place.split(":")
    module = import_module(module_name)
    real = getattr(module, name)

    def dying(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(module, name, dying)


if __name__ == "__main__":
    jobs()
    _die_at(sys.argv[1])
    print(flow_of(sys.argv[2])(delivery_id=UUID(sys.argv[3])))
