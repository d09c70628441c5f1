"""What a host looks at while its deliveries are at work: time, memory, what it has lost, and whether it is to end."""

import logging
import threading
import time
from datetime import datetime
from uuid import UUID

import psutil

from groundwork.blocks.outages import Outages
from groundwork.blocks.settings import settings
from groundwork.events.inbox.hosts import held_by, tell_of_host
from groundwork.events.inbox.light_claim import still_held
from groundwork.events.inbox.redelivery import give_back
from groundwork.flows.light_news import News
from groundwork.flows.light_places import Places
from groundwork.flows.light_run import LightRun
from groundwork.flows.light_table import LightTable

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often a host looks after itself. Too long: what was cancelled begins more steps."""
HANDOVER_SECONDS = 15.0
"""How long a host that is to hand over goes on if no other one comes."""
HANG_SECONDS = 30.0
"""What the others get to end in where one delivery has taken too long."""


class Watch:
    """Looks after a host by a thread of its own.

    Attributes:
        over: whether the host is to claim nothing more.
        is_in_the_way: whether other runs wait, perhaps for the host's place.
        reason: why the host ends; None while it does not.
        hung: runs that have taken longer than their jobs may.
    """

    def __init__(self, flow_run_id: UUID, places: Places, news: News, outages: Outages) -> None:
        self._id, self._places, self._news, self._outages = flow_run_id, places, news, outages
        self._began = time.monotonic()
        self._ended = threading.Event()
        self._deployed_at: datetime | None = None
        self._leaving_since: float | None = None
        self._drain_until = float("inf")
        self._known: set[tuple[UUID, int]] = set()
        self._table = LightTable(places)
        self.over = False
        self.is_in_the_way = False
        self.reason: str | None = None
        self.hung: list[LightRun] = []

    def start(self) -> None:
        """Begin to look."""
        self._table.start()
        threading.Thread(target=self._look_on, name="light-watch", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self._table.close()

    def end(self, reason: str, *, drain_seconds: float = float("inf")) -> None:
        """Have the host claim nothing more. Safe in a signal handler.

        Args:
            drain_seconds: what is at work gets to end in.
        """
        self._drain_until = min(self._drain_until, time.monotonic() + drain_seconds)
        self.reason = self.reason or reason
        self.over = True
        self._news.tell()

    @property
    def seconds_to_drain(self) -> float:
        """What is left for deliveries to end in."""
        return self._drain_until - time.monotonic()

    def _look_on(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            with self._outages.watching("looking after the host"):
                self._look()

    def _look(self) -> None:
        self._look_for_hung()
        self._tell()
        self._look_for_lost()

    def _look_for_hung(self) -> None:
        now = time.monotonic()
        for run in self._places.running:
            if run.overdue_at is not None and now > run.overdue_at and run not in self.hung:
                self.hung.append(run)
                delivery_id, attempt = run.hold
                logger.error(
                    "delivery %s: attempt %s of job %s takes longer than %s s. Its host ends once the others have, in "
                    "%s s at most",
                    delivery_id, attempt, run.spec.name, run.spec.options.longest_seconds, HANG_SECONDS,
                )  # fmt: skip
                self.end(f"Job {run.spec.name} took too long.", drain_seconds=HANG_SECONDS)
        if self.hung and all(run in self.hung for run in self._places.running):
            self.end("", drain_seconds=0)

    def _tell(self) -> None:
        places = self._places
        why = self._why_to_leave()
        if why and self._leaving_since is None:
            self._leaving_since, self.reason = time.monotonic(), why
        leaving = self._leaving_since is not None or self.over
        notice = tell_of_host(self._id, in_use=places.number - places.free, settled=places.settled, leaving=leaving)
        self.is_in_the_way = notice.place_wanted
        if not notice.known:
            self.end("It was taken for dead.")
        if self._deployed_at is None:
            self._deployed_at = notice.deployed_at
        elif notice.deployed_at and notice.deployed_at > self._deployed_at:
            self.end("Jobs were deployed since it began.")
        if self._leaving_since is not None and (
            notice.succeeded or time.monotonic() - self._leaving_since > HANDOVER_SECONDS
        ):
            self.end(self.reason or "")

    def _why_to_leave(self) -> str | None:
        if time.monotonic() - self._began > settings().light_host_seconds:
            return f"It had its {settings().light_host_seconds:g} s."
        if (megabytes := psutil.Process().memory_info().rss // 2**20) > settings().light_host_megabytes:
            return f"It had {megabytes} MiB of memory."
        return None

    def _look_for_lost(self) -> None:
        """See which deliveries are others' by now, and which are held without being worked on, such as those of a claim
        whose answer was lost."""
        at_work = {run.hold: run for run in self._places.running}
        long = [hold for hold in at_work if hold in self._known]
        self._known = set(at_work)
        if long:
            held = still_held(long)
            for hold in long:
                if hold[0] not in held:
                    at_work[hold].lose()
        for delivery_id, attempt in held_by(self._id) - {run.hold for run in self._places.running} - set(at_work):
            logger.error("delivery %s: attempt %s is held by this host and not worked on", delivery_id, attempt)
            give_back(delivery_id, attempt, f"Attempt {attempt} was lost by its host.")
