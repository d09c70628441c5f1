"""Forgetting events and step results after their time, in batches that lock and hold little."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

from blocks.blob_store import blob_store
from blocks.database import database
from blocks.mailer import mailer
from blocks.settings import settings
from events.inbox.retention import delete_settled, still_wanted
from tasks.step import step

BATCH = 1_000
UNFINISHED = timedelta(days=1)
"""Age of an unfinished file that nobody is writing any more."""
_RESULT = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}):[a-z0-9-]+:[0-9a-f]{64}")
"""Key of a step's result in the blob store: delivery, step, digest of its inputs."""


@step(memoise=False)
def forget_events(batch: int = BATCH) -> int:
    """Delete events whose deliveries all ended before ``GROUNDWORK_RETENTION_DAYS_EVENTS``, with ledgers.

    Args:
        batch: events per transaction.

    Returns:
        How many events were deleted.
    """
    before = datetime.now(UTC) - timedelta(days=settings().retention_days_events)
    total = 0
    while True:
        with database().transaction() as connection:
            deleted = delete_settled(connection, before=before, most=batch)
        total += deleted
        if deleted < batch:
            return total


@step(memoise=False)
def forget_results(batch: int = BATCH) -> int:
    """Delete results of steps whose delivery ended before ``GROUNDWORK_RETENTION_DAYS_RESULTS``, or is forgotten.

    Returns:
        How many blobs were deleted.
    """
    before = datetime.now(UTC) - timedelta(days=settings().retention_days_results)
    store = blob_store()
    total = 0
    for keys in _batched(_results(store.list()), batch):
        with database().transaction() as connection:
            wanted = still_wanted(connection, set(keys.values()), before=before)
        for key, delivery_id in keys.items():
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


def _results(keys: Iterable[str]) -> Iterator[tuple[str, UUID]]:
    return ((key, UUID(match[1])) for key in keys if (match := _RESULT.fullmatch(key)))


def _batched(pairs: Iterator[tuple[str, UUID]], size: int) -> Iterator[dict[str, UUID]]:
    while batch := dict(islice(pairs, size)):
        yield batch
