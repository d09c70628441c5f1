"""The relay's client of Prefect: one try per request. The relay tries again by itself, and says so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 30.0
"""How long Prefect may take. Too short: a busy server is taken for one that is away. Too long: a hanging one is noticed
late."""
_RETRIED_BY_PREFECT = (408, 429, 502, 503)
_PAGE = 200
"""Most objects that Prefect's API gives at once."""
T = TypeVar("T")


@contextmanager
def prefect_client() -> Iterator[SyncPrefectClient]:
    """A client for some requests."""
    httpx_settings = {
        "timeout": httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        "event_hooks": {"response": [_refuse_at_once]},
    }
    with get_client(httpx_settings=httpx_settings, sync_client=True) as client:
        yield client


@contextmanager
def one_try_per_request() -> Iterator[None]:
    """Keep Prefect's client from trying again by itself, silently and for minutes. Of the calling thread."""
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
        yield


def _refuse_at_once(response: httpx.Response) -> None:
    """Raise where Prefect's client would sleep as long as the answer asks, even for a day."""
    if response.status_code in _RETRIED_BY_PREFECT:
        response.read()
        response.raise_for_status()


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
