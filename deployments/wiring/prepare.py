"""Apply the project to the inbox's database: the schema, and which jobs and event types there are."""

import logging

from sqlalchemy import Connection

from groundwork.blocks.database import Database
from groundwork.blocks.migrations import upgrade
from groundwork.blocks.words import counted
from groundwork.events.catalogue import event_types
from groundwork.events.inbox.cancellation import cancel
from groundwork.events.inbox.event_types import register_event_types
from groundwork.events.inbox.jobs import RetiredJob, register_job, retire_jobs
from groundwork.events.inbox.sql_send import install
from groundwork.flows.registry import jobs
from groundwork.notifications.kinds import kinds

logger = logging.getLogger(__name__)

DISCARDED = "Discarded: its job is gone from the code."


def prepare_database(database: Database, *, discard: bool = False) -> list[RetiredJob]:
    """Bring the schema up to date and tell the inbox which jobs and event types there are.

    Args:
        discard: cancel what waits for jobs that are gone from the code.

    Raises:
        ConfigurationError: a migration of an application fails, or two applications have named something alike.

    Returns:
        The jobs that are gone: nothing more is delivered to them, and what waits for them is kept until they are back.
    """
    kinds()  # an error of names is told before anything is migrated
    with database.transaction() as connection:
        upgrade(connection)
        return tell_of_code(connection, discard=discard)


def tell_of_code(connection: Connection, *, discard: bool = False) -> list[RetiredJob]:
    """Tell the inbox which jobs and event types there are; its schema is that of the code already.

    Args:
        discard: cancel what waits for jobs that are gone from the code.

    Raises:
        ConfigurationError: two applications have named something alike.

    Returns:
        The jobs that are gone.
    """
    # Names that two applications have given to their mails are an error now, and not at the first mail.
    kinds()
    register_event_types(connection, event_types().values())
    if left := install(connection):
        logger.warning(left)
    found = jobs()
    for job in found.values():
        register_job(connection, job.registration)
    retired = retire_jobs(connection, found)
    if discard:
        for each in retired:
            cancel(connection, job=each.name, queued_only=True, reason=DISCARDED)
    return retired


def told(job: RetiredJob, *, discarded: bool = False) -> str:
    """What a person has to know of a retired job."""
    waiting = counted(job.waiting, "waiting delivery", "waiting deliveries")
    if discarded:
        return f"Job {job.name} is gone from the code: {waiting} discarded."
    return (
        f"Job {job.name} is gone from the code and retired: {waiting} kept for its return. "
        "`groundwork deploy --discard` drops what waits."
    )
