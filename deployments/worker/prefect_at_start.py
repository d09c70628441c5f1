"""What a worker looks at before it starts: whether Prefect asks to be left alone. Free of Prefect."""

import logging
import time

import httpx

from groundwork.blocks.outages import Outages
from groundwork.blocks.prefect_pause import LONGEST_PAUSE, asks_for_more
from groundwork.deployments.logs import configure_logging

logger = logging.getLogger(__name__)

_ANSWER_SECONDS = 10.0


def wait_while_prefect_asks(api_url: str) -> None:
    """Return once Prefect, or a proxy before it, asks for no long pause; the log says meanwhile what it is.

    Prefect's own command, which is next, would wait as long as it is asked to, be it a day, and say nothing. A server
    that is not there at all is its worker's concern, which says so.

    Args:
        api_url: where Prefect's API is; empty where a profile of Prefect's says so, and nobody is asked.
    """
    configure_logging("worker")
    outages = Outages(logger)
    while api_url:
        with outages.watching("the start of the worker") as trial:
            _ask(api_url)
        if trial.error is None:
            return
        time.sleep(trial.pause)


def _ask(api_url: str) -> None:
    try:
        response = httpx.get(f"{api_url.rstrip('/')}/health", timeout=_ANSWER_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL):
        return
    if asks_for_more(response, LONGEST_PAUSE):
        response.raise_for_status()
