"""The fitness application's jobs, run in this process."""

from typing import Any
from uuid import UUID

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
