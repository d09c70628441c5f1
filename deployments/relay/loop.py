"""The relay's loop: woken by the inbox, with polling as the net."""

import logging
import threading
import time
from collections.abc import Callable

import psycopg
from sqlalchemy.exc import OperationalError

from blocks.database import database
from deployments.relay.admission import admit, note_posted, seconds_until_next
from deployments.relay.housekeeping import Housekeeping
from deployments.relay.prefect_api import PREFECT_AWAY, Admitted, post_events, worker_capacity

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""Longest sleep between two looks at the inbox: what a lost notification costs."""
_SHORTEST_SLEEP = 0.02
CAPACITY_SECONDS = 5.0
"""How old the known limit of the work pool may be."""


class Relay:
    """Admits and posts until told to stop. Several relays may run against one inbox.

    Args:
        stop: set it to end the loop within :data:`POLL_SECONDS`.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._capacity = 0
        self._capacity_read_at = float("-inf")
        self._housekeeping = Housekeeping()

    def run(self) -> None:
        """Loop; survives restarts of the database and of Prefect."""
        while not self._stop.is_set():
            try:
                with psycopg.connect(database().conninfo, autocommit=True) as listener:
                    listener.execute("LISTEN groundwork_inbox")
                    while not self._stop.is_set():
                        if not self._round():
                            self._wait(listener)
            except (OperationalError, psycopg.OperationalError) as error:
                logger.warning("the inbox is away, trying again: %s", str(error).splitlines()[0])
                self._stop.wait(POLL_SECONDS)

    def _round(self) -> bool:
        """One look at the inbox; whether it admitted anything."""
        self._refresh_capacity()
        admitted = admit(self._capacity)
        if admitted:
            self._post(admitted)
        self._housekeeping.do_what_is_due()
        return bool(admitted)

    def _post(self, admitted: list[Admitted]) -> None:
        """Post until Prefect has them: they are admitted, and nobody else will."""
        while not self._stop.is_set():
            if self._unless_away(lambda: post_events(admitted)):
                note_posted(admitted)
                return
            self._stop.wait(POLL_SECONDS)

    def _refresh_capacity(self) -> None:
        def read() -> None:
            self._capacity = worker_capacity()
            self._capacity_read_at = time.monotonic()

        if time.monotonic() - self._capacity_read_at >= CAPACITY_SECONDS:
            self._unless_away(read)

    def _unless_away(self, action: Callable[[], object]) -> bool:
        try:
            action()
        except PREFECT_AWAY as error:
            logger.warning("Prefect is away, trying again: %s", error or type(error).__name__)
            return False
        return True

    @staticmethod
    def _wait(listener: psycopg.Connection[tuple[object, ...]]) -> None:
        """Sleep until the inbox says that something changed, or the poll is due; one wake-up serves all that came."""
        seconds = seconds_until_next()
        timeout = POLL_SECONDS if seconds is None else min(max(seconds, _SHORTEST_SLEEP), POLL_SECONDS)
        for _ in listener.notifies(timeout=timeout, stop_after=1):
            pass
