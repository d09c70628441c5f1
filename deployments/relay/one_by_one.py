"""Work on many things, of which one that fails keeps no other waiting."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import httpx

from groundwork.blocks.cures import is_refusal_of_content
from groundwork.blocks.retry import database_went_away
from groundwork.deployments.log_lines import logging_about

T = TypeVar("T")


def one_by_one(things: Iterable[T], do: Callable[[T], object], put_off: Callable[[T], object] | None = None) -> None:
    """Do something with each of many.

    Args:
        put_off: called with each that failed, unless all did, so that it is not the first again at the next call.

    Raises:
        Exception: PostgreSQL or Prefect is away: at once, as the rest would fare no better. Otherwise the first error,
            at the end.
    """
    failed: list[tuple[T, Exception]] = []
    worked = 0
    for each in things:
        try:
            with logging_about(each):
                do(each)
            worked += 1
        except Exception as error:
            if database_went_away(error) or _prefect_is_away(error):
                raise
            failed.append((each, error))
    if not failed:
        return
    if put_off is not None and (worked or not isinstance(failed[0][1], httpx.HTTPError)):
        for each, _ in failed:
            put_off(each)
    raise failed[0][1]


def _prefect_is_away(error: Exception) -> bool:
    """Whether the answer says nothing about one thing. That of 500 may."""
    if isinstance(error, httpx.HTTPStatusError):
        return not is_refusal_of_content(error) and error.response.status_code != 500
    return isinstance(error, httpx.HTTPError)
