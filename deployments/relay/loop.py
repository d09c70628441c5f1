"""The relay's loops: admission, woken by the inbox with polling as the net; beside it what waits for Prefect, which is
posting and housekeeping."""

import logging
import threading
import time
from uuid import UUID

import psycopg

from groundwork.blocks.database import database
from groundwork.blocks.errors import GroundworkError
from groundwork.blocks.outages import Outages
from groundwork.blocks.prefect_client import one_try_per_request
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.health import Health, Pulse
from groundwork.deployments.relay.automations import Automations
from groundwork.deployments.relay.capacity import Capacity
from groundwork.deployments.relay.housekeeping import Housekeeping
from groundwork.deployments.relay.leadership import ASKS_PREFECT, ELECTION, Leadership
from groundwork.deployments.relay.light_hosts import hosts_to_start
from groundwork.deployments.relay.outbox import Outbox
from groundwork.deployments.relay.prefect_api import start_run
from groundwork.deployments.relay.startable import Startable
from groundwork.events.inbox.admission import admit, seconds_until_next
from groundwork.events.inbox.runs import note_run
from groundwork.events.inbox.wake import CHANNEL, INTERACTIVE, wake_relay

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""Longest sleep between two looks at the inbox: what a lost notification costs."""
POOLED_POLL_SECONDS = 0.25
"""Longest sleep behind a pooler, which passes no notification: what each event may wait. Too short: PostgreSQL is asked
for nothing."""
_SHORTEST_SLEEP = 0.02
_LONGEST_BREATH = 0.1
_HOUSEKEEPING_PAUSE = 0.5
STOP_SECONDS = 2.0
"""How long a loop may take to end. Nothing is lost if it does not: what was begun is found at its deadline."""
_Listener = psycopg.Connection[tuple[object, ...]] | None


class LoopDied(GroundworkError):
    """A loop of the relay has ended, which no error should bring about. Its traceback is in the log above. Start the
    relay again, as `groundwork up` does."""


class Relay:
    """Admits and posts until told to stop. Of several relays against one inbox one does so, the others stand by.

    Args:
        stop: set it to end the relay within :data:`STOP_SECONDS`, whatever Prefect and PostgreSQL do.

    Attributes:
        health: what it says of itself.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._outages = Outages(logger)
        self._pulse = Pulse()
        self._leadership = Leadership(self._outages, self._pulse)
        self.health = Health(self._pulse, self._lacking, lambda: {"leads": self._leadership.leads})
        self._startable = Startable()
        self._outbox = Outbox()
        self._automations = Automations()
        self._housekeeping = Housekeeping(self._outages, self._startable, self._automations)
        self._capacity = Capacity(self._outages)

    def run(self) -> None:
        """Run the loops; whatever error there is, they go on.

        Raises:
            LoopDied: one of them ended nevertheless.
        """
        loops = [
            threading.Thread(target=self._leadership.keep, args=(self._stop,), name="election", daemon=True),
            threading.Thread(target=self._admit_for_ever, name="admission", daemon=True),
            threading.Thread(target=self._post_for_ever, name="posting", daemon=True),
            threading.Thread(target=self._keep_house_for_ever, name="housekeeping", daemon=True),
        ]
        for loop in loops:
            loop.start()
        while not self._stop.wait(POLL_SECONDS):
            if dead := [loop.name for loop in loops if not loop.is_alive()]:
                raise LoopDied(f"the relay's {dead[0]} has ended; see the log above")
        deadline = time.monotonic() + STOP_SECONDS
        for loop in loops:
            loop.join(max(deadline - time.monotonic(), 0))

    def _lacking(self) -> str | None:
        if self._outages.seconds_failing(ELECTION, "admission"):
            return "the database does not do as it should; the log says more"
        if self._outages.seconds_failing(*ASKS_PREFECT):
            return "Prefect does not do as it should; the log says more"
        return None if self._leadership.elected else "it is not known yet which relay leads"

    @property
    def _works(self) -> bool:
        """Whether this relay is to do anything at present."""
        return self._leadership.leads and not self._stop.is_set()

    def _admit_for_ever(self) -> None:
        while not self._stop.is_set():
            self._pulse.beat("admission")
            if not self._works:
                self._leadership.wait(POLL_SECONDS)
                continue
            with self._outages.watching("admission") as trial:
                self._admit_while_connected()
            self._stop.wait(trial.pause)

    def _admit_while_connected(self) -> None:
        with database().listening(CHANNEL) as listener:
            while self._works:
                self._pulse.beat("admission")
                more = self._look(listener)
                self._outages.worked("admission")
                if not more:
                    self._wait(listener)

    def _post_for_ever(self) -> None:
        """What this relay has admitted is its own to post, also when it leads no longer."""
        with one_try_per_request():
            while not self._stop.is_set():
                self._pulse.beat("posting")
                with self._outages.watching("posting events") as trial:
                    if self._works and self._capacity.refresh():
                        self._let_admit()
                    if self._outbox.empty:
                        self._outbox.wait(POLL_SECONDS)
                    self._post()
                self._stop.wait(trial.pause)

    def _keep_house_for_ever(self) -> None:
        with one_try_per_request():
            while not self._stop.is_set():
                self._pulse.beat("housekeeping")
                if self._works:
                    self._housekeeping.do_what_is_due()
                self._stop.wait(_HOUSEKEEPING_PAUSE)

    def _look(self, listener: _Listener) -> bool:
        """One look at the inbox; whether there may be more to admit at once. While Prefect has not taken what was
        admitted for it, only what hosts take on is admitted."""
        began = time.monotonic()
        self._capacity.refresh_places()
        known = self._capacity.known
        admitted = admit(known if self._outbox.empty else {}, self._startable.held)
        light = [each for each in admitted if each.light]
        if light and len(light) == len(admitted):
            # There is always one more: unhurried looks admit several at a time, and leave the database to the hosts.
            self._breathe(min(2 * (time.monotonic() - began), _LONGEST_BREATH), listener)
        self._outbox.add([each for each in admitted if not each.light])
        if known.get(WORK_POOL) and self._outbox.empty:
            self._outbox.add(hosts_to_start(self._startable.held))
        return bool(light)

    def _post(self) -> None:
        """Let Prefect know of what was admitted; the admission is told when all of it has been taken."""
        posted = self._outbox.post()
        if posted:
            self._let_admit()
        for each in posted:
            if self._automations.silent or self._startable.needs_api(each.job):
                self._start(each.job, each.id, each.dispatches)

    def _let_admit(self) -> None:
        """Wake the admission, which waits for the database and for nothing else."""
        with database().transaction() as connection:
            wake_relay(connection)

    def _start(self, job: str, delivery_id: UUID, dispatches: int) -> None:
        """Ask for a run that no automation will make. Where that fails, the sweeper asks at the claim deadline."""
        with self._outages.watching("starting runs by the API"):
            note_run(delivery_id, dispatches, start_run(job, delivery_id, dispatches))

    def _breathe(self, seconds: float, listener: _Listener) -> None:
        """Do nothing for so long, unless something comes for an interactive run."""
        if listener is None:
            self._stop.wait(seconds)
            return
        for notice in listener.notifies(timeout=seconds):
            if notice.payload == INTERACTIVE:
                return

    def _wait(self, listener: _Listener) -> None:
        """Sleep until the inbox says that something changed, or the poll is due; one wake-up serves all that came."""
        longest = POLL_SECONDS if listener else POOLED_POLL_SECONDS
        seconds = seconds_until_next()
        timeout = longest if seconds is None else min(max(seconds, _SHORTEST_SLEEP), longest)
        if listener is None:
            self._stop.wait(timeout)
            return
        for _ in listener.notifies(timeout=timeout, stop_after=1):
            pass
