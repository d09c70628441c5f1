"""Forgetting events and step results after their time, in batches that lock and hold little."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import database
from groundwork.blocks.mailer import mailer
from groundwork.blocks.settings import settings
from groundwork.events.inbox.retention import delete_settled, still_wanted
from groundwork.events.inbox.unknown import forget_unknown
from groundwork.tasks.step import step
from groundwork.tasks.step_results import PREFIX, delivery_of

BATCH = 1_000
UNFINISHED = timedelta(days=1)
"""Age of an unfinished file that nobody is writing any more."""


@step(memoise=False)
def forget_events(batch: int = BATCH) -> int:
    """Delete events whose deliveries all ended before ``GROUNDWORK_RETENTION_DAYS_EVENTS``, with ledgers, and those
    that have found no type for as long.

    Args:
        batch: events per transaction.

    Returns:
        How many events were deleted.
    """
    before = datetime.now(UTC) - timedelta(days=settings().retention_days_events)
    total = 0
    for forget in (delete_settled, forget_unknown):
        deleted = batch
        while deleted == batch:
            with database().transaction() as connection:
                deleted = forget(connection, before=before, most=batch)
            total += deleted
    return total


@step(memoise=False)
def forget_results(batch: int = BATCH) -> int:
    """Delete results of steps whose delivery ended before ``GROUNDWORK_RETENTION_DAYS_RESULTS``, or is forgotten, and
    whatever else lies among them.

    Returns:
        How many blobs were deleted.
    """
    before = datetime.now(UTC) - timedelta(days=settings().retention_days_results)
    store = blob_store()
    total = 0
    for keys in _batched(store.list(PREFIX), batch):
        deliveries = {key: delivery_of(key) for key in keys}
        with database().transaction() as connection:
            wanted = still_wanted(connection, {each for each in deliveries.values() if each}, before=before)
        for key, delivery_id in deliveries.items():
            if delivery_id not in wanted:
                store.delete(key)
                total += 1
    return total


@step(memoise=False)
def forget_unfinished_files() -> int:
    """Delete what killed processes left of files that they were writing.

    Returns:
        How many files were deleted.
    """
    return blob_store().forget_unfinished(UNFINISHED) + mailer().forget_unfinished(UNFINISHED)


def _batched(keys: Iterator[str], size: int) -> Iterator[list[str]]:
    while batch := list(islice(keys, size)):
        yield batch
