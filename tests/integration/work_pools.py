"""Work pools of a test's own, on the Prefect server that all tests of a process share."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from prefect import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectNotFound


@contextmanager
def own_work_pool(name: str, kind: str, **fields: Any) -> Iterator[None]:
    """A work pool that is new, and that nobody finds afterwards: in one that is left, Prefect goes on for a while to
    take workers to be online that have ended, and another test's kind and limit hold.

    Args:
        name: of the pool; one of that name is deleted first.
        kind: its type.
        fields: others of the pool, such as ``concurrency_limit``.
    """
    _delete(name)
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=name, type=kind, **fields))
    yield
    _delete(name)


def _delete(name: str) -> None:
    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        client.delete_work_pool(name)
