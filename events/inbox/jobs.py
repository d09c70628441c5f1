"""The jobs that the inbox knows, and what each listens to."""

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from groundwork.blocks.errors import UnknownName
from groundwork.blocks.suggestions import did_you_mean
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What the inbox keeps of a job.

    Attributes:
        lane_limit: runs at once in one workspace.
        batch_size: deliveries that share a run; 1 for a job without batches.
        batch_wait_seconds: how long a batch may wait to fill up.
        flow_control: debounce, throttle and the others, as the statements read them; JSON-ready.
        light: its deliveries share a flow run, the host.
        work_pool: whose workers run it.
    """

    name: str
    event_name: str
    lane_limit: int
    priority: int
    interactive: bool
    ordered: bool
    max_attempts: int
    batch_size: int
    batch_wait_seconds: float
    flow_control: dict[str, Any]
    light: bool = False
    work_pool: str = WORK_POOL


@dataclass(frozen=True, slots=True)
class KnownJob:
    """A job of the inbox.

    Attributes:
        work_pool: whose workers run it.
        waiting: whether a delivery of it waits for a run.
    """

    name: str
    event_name: str
    work_pool: str
    waiting: bool


@dataclass(frozen=True, slots=True)
class Listener:
    """A job that listens to an event, as senders see it.

    Attributes:
        lane_limit: runs at once in one workspace.
        batch_size: deliveries that share a run; 1 for a job without batches.
        limits: debounce, throttle, rate limit and the others, as the job says them.
    """

    job: str
    lane_limit: int
    priority: int
    interactive: bool
    ordered: bool
    light: bool
    max_attempts: int
    batch_size: int
    limits: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RetiredJob:
    """A job that is gone from the code.

    Attributes:
        waiting: deliveries that wait for its return.
        new: whether it was there until now.
    """

    name: str
    waiting: int
    new: bool


def register_job(connection: Connection, job: Registration) -> None:
    """Tell the inbox which events a job listens to, and how it is to be delivered. Safe to repeat."""
    connection.execute(_statement("register_job"), asdict(job) | {"flow_control": json.dumps(job.flow_control)})


def retire_jobs(connection: Connection, known: Collection[str]) -> list[RetiredJob]:
    """Deliver nothing more to jobs that are gone, until :func:`register_job` brings them back.

    Args:
        known: names of the jobs that there are.

    Returns:
        Every retired job, those of earlier calls included, that still has something waiting, and those that are new.
    """
    parameters = {"known": list(known)}
    return [RetiredJob(**row) for row in connection.execute(_statement("retire_jobs"), parameters).mappings()]


def check_job(connection: Connection, job: str | None) -> None:
    """Refuse the name of a job that the inbox does not know; None is no name.

    Raises:
        UnknownName: the message suggests the nearest names.
    """
    known = dict.fromkeys(job_names(connection))
    if job is not None and job not in known:
        raise UnknownName(f"unknown job {job!r}{did_you_mean(job, known)}")


def job_names(connection: Connection) -> list[str]:
    """The names of the jobs that the inbox knows, those that are gone from the code too."""
    return list(connection.execute(_statement("job_names")).scalars())


def listening_jobs(connection: Connection) -> dict[str, list[str]]:
    """The jobs that listen to each event, by the event's name."""
    listening: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(_statement("listening_jobs")):
        listening[row.event_name].append(row.name)
    return dict(listening)


def listeners(connection: Connection) -> dict[str, list[Listener]]:
    """The jobs that listen to each event with their lanes and limits, by the event's name."""
    found: dict[str, list[Listener]] = defaultdict(list)
    for row in connection.execute(_statement("listeners")).mappings():
        found[row["event_name"]].append(Listener(**{key: each for key, each in row.items() if key != "event_name"}))
    return dict(found)


def known_jobs(connection: Connection) -> list[KnownJob]:
    """Every job, by name."""
    return [KnownJob(**row) for row in connection.execute(_statement("jobs_and_waiting")).mappings()]


def known_pools(connection: Connection) -> list[str]:
    """The work pools whose workers run jobs."""
    return list(connection.execute(_statement("known_pools")).scalars())
