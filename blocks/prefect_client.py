"""A client of Prefect that waits no longer than it is told to: whoever uses it tries again by itself, and says so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from groundwork.blocks.prefect_pause import asks_for_more

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 30.0
"""How long Prefect may take. Too short: a busy server is taken for one that is away. Too long: a hanging one is noticed
late."""
_PAGE = 200
"""Most objects that Prefect's API gives at once."""
T = TypeVar("T")


@contextmanager
def prefect_client(longest_pause: float | None = None) -> Iterator[SyncPrefectClient]:
    """A client for some requests.

    Args:
        longest_pause: seconds. Where Prefect cannot answer just now, its client tries some times, and sleeps as long as
            the answer asks, even for a day; during a maintenance it tries for ever. An answer that asks for more than
            this, or tells of a maintenance, is an error at once. None: each is.
    """

    def refuse(response: httpx.Response) -> None:
        if asks_for_more(response, longest_pause):
            response.read()
            response.raise_for_status()

    httpx_settings = {
        "timeout": httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        "event_hooks": {"response": [refuse]},
    }
    with get_client(httpx_settings=httpx_settings, sync_client=True) as client:
        yield client


@contextmanager
def one_try_per_request() -> Iterator[None]:
    """Keep Prefect's client from trying again by itself, silently and for minutes. Of the calling thread."""
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
        yield


def pages(read: Callable[..., list[T]]) -> Iterator[T]:
    """All objects that a method of Prefect's client gives piece by piece.

    Args:
        read: takes ``limit`` and ``offset``.
    """
    offset = 0
    while page := read(limit=_PAGE, offset=offset):
        yield from page
        offset += len(page)
        if len(page) < _PAGE:
            return
