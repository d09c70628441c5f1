"""Work of the worker that goes on whatever happens: what fails is tried again, and what does not answer has failed."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import httpx

from groundwork.blocks.outages import Outages

ANSWER_SECONDS = 30.0
"""How long Prefect may take to answer. Too short: a busy server is taken for one that is away."""


async def until_it_works(outages: Outages, doing: str, work: Callable[[], Awaitable[object]]) -> None:
    """Do it once to its end, again and again where it fails.

    Args:
        outages: takes note of each failure, and says how long to wait.
        doing: names the work in the log.
        work: is done.
    """
    while True:
        with outages.watching(doing) as trial:
            await work()
        if trial.error is None:
            return
        await anyio.sleep(trial.pause)


async def for_ever(outages: Outages, doing: str, work: Callable[[], Awaitable[object]]) -> None:
    """Do it again and again; see :func:`until_it_works`."""
    while True:
        await until_it_works(outages, doing, work)


@contextlib.asynccontextmanager
async def answered() -> AsyncIterator[None]:
    """Bound the time that Prefect may take; its client would wait as long as an answer asks, be it a day.

    Raises:
        httpx.ReadTimeout: it took longer.
    """
    try:
        with anyio.fail_after(ANSWER_SECONDS):
            yield
    except TimeoutError:
        raise httpx.ReadTimeout(f"no answer that counts within {ANSWER_SECONDS:.0f} s") from None
