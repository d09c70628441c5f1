"""The host of light runs: one flow run that claims admitted light deliveries and runs them side by side, until it has
had nothing to do for a while, is due to hand over, or is told to stop."""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from typing import Any, Self
from uuid import UUID

from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Completed, Failed

from groundwork.blocks.database import database
from groundwork.blocks.outages import Outages
from groundwork.blocks.settings import settings
from groundwork.blocks.words import counted
from groundwork.events.inbox.group_writer import GroupWriter
from groundwork.events.inbox.host_renewal import HostHold
from groundwork.events.inbox.hosts import begin_host, end_host
from groundwork.events.inbox.lease import Lease
from groundwork.events.inbox.light_claim import claim_admitted
from groundwork.events.inbox.under_way import job_under_way
from groundwork.flows.light_news import News
from groundwork.flows.light_places import Places
from groundwork.flows.light_run import LightRun, return_to_queue
from groundwork.flows.light_watch import Watch
from groundwork.flows.registry import JobSpec, jobs
from groundwork.flows.run_label import labelled_host

logger = logging.getLogger(__name__)

STOP_PULLING = getattr(signal, "SIGUSR2", signal.SIGTERM)
"""What tells a host that its code is not to begin anything more: its worker ends, or has newer code."""
POLL_SECONDS = 1.0
"""How often a host looks for work that nobody has told it of: what a lost notification costs."""
POOLED_POLL_SECONDS = 0.1
"""The same behind a pooler, which passes no notification."""
BREATH_SECONDS = 0.01
"""Pause between two claims while deliveries are at work, so that one claim takes several. Too short: a statement per
delivery. Too long: places stand idle."""
REST_SECONDS = 0.1
"""Pause between two claims of bulk work while an interactive run starts, which needs the same cores. Too short: it
starts later. Too long: where one such run after the other starts, hosts hardly get on."""
TURN = 16
"""What a host of bulk jobs claims after such a pause, whatever starts. More: that run starts later. Fewer: as above."""
STOP_SECONDS = 8.0
"""What deliveries get to end in when the host is told to stop; the worker kills it after 10."""


class Host:
    """One flow run's work as a host.

    Args:
        interactive: whose jobs it runs: interactive ones, or others.
        wanted: whether there are not enough of them.
    """

    def __init__(self, flow_run_id: UUID, names: list[str], *, interactive: bool, wanted: bool = True) -> None:
        self._id, self._jobs, self._wanted = flow_run_id, names, wanted
        self._specs = {name: spec for name, spec in jobs().items() if name in names}
        self._interactive = interactive
        self._news = News(interactive=interactive)
        self._writer = GroupWriter()
        self._outages = Outages(logger)
        self._places = Places(settings().light_places, copy_context(), self._news.tell)
        self._watch = Watch(flow_run_id, self._places, self._news, self._outages)

    @classmethod
    def asked_for(cls, spec: JobSpec, flow_run_id: UUID, delivery_id: UUID) -> Self | None:
        """The host that a run is to be; None where it is an ordinary run.

        Args:
            spec: the job whose deployment was started.
            delivery_id: with which it was started.
        """
        interactive = spec.options.interactive
        names = [
            name for name, each in jobs().items() if each.options.light and each.options.interactive == interactive
        ]
        wanted = begin_host(flow_run_id, delivery_id, names)
        return None if wanted is None else cls(flow_run_id, names, interactive=interactive, wanted=wanted)

    def run(self) -> State[Any]:
        """Work until the end.

        Returns:
            What the flow run ends in.
        """
        if not self._wanted:
            return Completed(name="Superseded", message="There are as many hosts as there may be.")
        database().make_room(settings().light_places)
        self._writer.start()
        lease = Lease(HostHold(self._id, settings().lease_seconds))
        with self._labelled(), self._told_to_stop(), job_under_way(), lease:
            self._watch.start()
            try:
                with self._news.listening(self._outages):
                    self._pull()
            finally:
                left = self._drain()
                self._watch.stop()
                self._places.close()
                self._writer.stop()
                with self._outages.watching("noting the end of the host"):
                    end_host(self._id, settled=self._places.settled)
        message = f"{counted(self._places.settled, 'delivery', 'deliveries')}. {self._watch.reason or ''}".rstrip()
        return Failed(message=message) if left else Completed(name="Hosted", message=message)

    def _labelled(self) -> AbstractContextManager[None]:
        context = FlowRunContext.get()
        if context is None or context.flow_run is None:
            return nullcontext()
        return labelled_host(context.flow_run, interactive=self._interactive)

    def _pull(self) -> None:
        """Claim and begin deliveries until the watch says that it is enough."""
        idle_since = time.monotonic()
        claimed_at = rest_until = 0.0
        while not self._watch.over:
            if self._places.running:
                time.sleep(max(claimed_at + BREATH_SECONDS - time.monotonic(), 0.0))
            claimed_at = time.monotonic()
            came = self._news.take()
            resting = not self._interactive and claimed_at < rest_until
            wanted = self._places.free if resting or self._interactive else min(self._places.free, TURN)
            claimed = self._claim(wanted, admitting=came, giving_way=resting) if wanted else 0
            if claimed:
                rest_until = claimed_at + REST_SECONDS
            if claimed or self._places.running:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since >= settings().light_idle_seconds:
                self._watch.end("It had nothing to do.")
                return
            if claimed < wanted or not self._places.free:
                poll = POLL_SECONDS if self._news.heard else POOLED_POLL_SECONDS
                # It may have given way to what nobody tells it the end of.
                self._news.wait(min(poll, rest_until - claimed_at) if resting else poll)

    def _claim(self, most: int, *, admitting: bool, giving_way: bool) -> int:
        """Claim and begin what there is; how much that was."""
        with self._outages.watching("claiming") as trial:
            claimed = claim_admitted(self._id, self._jobs, most, admitting=admitting, giving_way=giving_way)
            for each in claimed:
                self._places.begin(LightRun(self._specs[each.job], each, self._writer))
            return len(claimed)
        self._news.wait(trial.pause)
        return 0

    def _drain(self) -> bool:
        """Let what is at work come to its end, and give back what does not; whether there was such.

        A thread cannot be ended: what hangs in it goes on until the process ends, and may write nothing more.
        """
        while (seconds := self._watch.seconds_to_drain) > 0 and self._places.running:
            self._news.take()
            if self._places.running:
                self._news.wait(min(seconds, POLL_SECONDS))
        left = self._places.running
        for run in left:
            hung = run in self._watch.hung
            reason = (
                f"Attempt {run.claimed.attempt} took longer than {run.spec.options.longest_seconds:g} s, "
                "its job's timeout, and its host ended."
                if hung
                else f"Attempt {run.claimed.attempt} was interrupted: its host ended. {self._watch.reason}"
            )
            run.lose()
            with self._outages.watching("giving deliveries back"):
                return_to_queue(run.claimed, reason, died=hung)
        return bool(left)

    @contextmanager
    def _told_to_stop(self) -> Iterator[None]:
        """Heed the signals by which the worker ends a host, or ends what it begins."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        heeded = {STOP_PULLING: self._stop_pulling, signal.SIGTERM: self._stop}
        before = {number: signal.signal(number, do) for number, do in heeded.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, *_: object) -> None:
        self._watch.end("It was told to stop.", drain_seconds=STOP_SECONDS)

    def _stop_pulling(self, *_: object) -> None:
        self._watch.end("Its worker begins nothing more with this code.")
