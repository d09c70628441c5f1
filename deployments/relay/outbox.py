"""Admitted deliveries that Prefect has not heard of yet."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from groundwork.deployments.relay.decision import of_refused
from groundwork.deployments.relay.posting import Refusal, post_events
from groundwork.deployments.relay.redelivery import carry_out
from groundwork.events.inbox.admission import Admitted, note_posted
from groundwork.events.inbox.redelivery import still_admitted

logger = logging.getLogger(__name__)

TRIES_ALONE = 4
"""How often a delivery is posted by itself whose event Prefect answers with 500; then the sweeper starts its run."""


@dataclass
class _Alone:
    delivery: Admitted
    due_at: float
    pause: float = 1.0
    tries: int = 0


class Outbox:
    """What this relay has admitted and has to post: nobody else will, until the claim deadline has passed.

    One thread adds to it, another one posts.
    """

    def __init__(self) -> None:
        self._waiting: list[Admitted] = []
        self._came = threading.Event()
        self._alone: list[_Alone] = []

    @property
    def empty(self) -> bool:
        """Whether nothing waits, but for what Prefect could not take by itself."""
        return not self._waiting

    def add(self, admitted: Sequence[Admitted]) -> None:
        """Take in what was admitted."""
        if admitted:
            self._waiting.extend(admitted)
            self._came.set()

    def wait(self, seconds: float) -> None:
        """Return when something was added since the last call, or after this time."""
        self._came.wait(seconds)
        self._came.clear()

    def post(self) -> list[Admitted]:
        """Post what waits. What Prefect refuses is put back into its lane, or ends with Prefect's answer.

        Returns:
            The deliveries that Prefect knows of now.

        Raises:
            httpx.HTTPError: Prefect is away; everything waits on.
        """
        posted: list[Admitted] = []
        if waiting := list(self._waiting):
            posted += self._post(waiting)
            del self._waiting[: len(waiting)]
        for each in [each for each in self._alone if each.due_at <= time.monotonic()]:
            posted += self._post_alone(each)
        return posted

    def _post(self, deliveries: list[Admitted]) -> list[Admitted]:
        refused = {refusal.place: refusal for refusal in post_events(deliveries)}
        posted = [each for place, each in enumerate(deliveries) if place not in refused]
        if posted:
            note_posted(posted)
        for place, refusal in refused.items():
            if refusal.final:
                _set_aside(deliveries[place], refusal)
            else:
                logger.warning("delivery %s: Prefect answers %s to its event", deliveries[place].id, refusal.answer)
                self._alone.append(_Alone(deliveries[place], due_at=time.monotonic()))
        return posted

    def _post_alone(self, each: _Alone) -> list[Admitted]:
        refused = post_events([each.delivery])
        if refused and not refused[0].final and each.tries + 1 < TRIES_ALONE:
            each.tries += 1
            each.due_at = time.monotonic() + each.pause
            each.pause *= 2
            return []
        self._alone.remove(each)
        if not refused:
            note_posted([each.delivery])
            return [each.delivery]
        if refused[0].final:
            _set_aside(each.delivery, refused[0])
        else:
            logger.warning("delivery %s: its event is not posted; the sweeper starts its run", each.delivery.id)
        return []


def _set_aside(delivery: Admitted, refusal: Refusal) -> None:
    """Give a delivery's place free: it waits for another try, or ends."""
    reason = f"Prefect refuses the event of this delivery: {refusal.answer}"
    if now := still_admitted(delivery):
        carry_out(now, of_refused(now, reason), at_once=True)
