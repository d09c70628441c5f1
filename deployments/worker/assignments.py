"""Runs that are about to be made: which of them this worker is to take, and which it leaves to others.

The relay says over PostgreSQL which worker each is meant for. What is meant for nobody, such as a run that a schedule
or a person starts, is found by whoever looks next.
"""

import time
from collections.abc import Callable, Mapping
from uuid import UUID

from groundwork.events.inbox.workers import meant

MEANT_SECONDS = 30.0
"""How long a run is left to the worker that it is meant for. Too short: where automations are slow, several workers ask
for one run. Too long: a run whose worker cannot take it waits."""
EAGER_POLL_SECONDS = 0.06
"""Least pause between two looks for a run that is late. Each costs Prefect's server some ten milliseconds of CPU."""
_MARGIN_SECONDS = 0.015
"""The first look comes so long after a run has usually been made. Too short: most find nothing. Too long: runs wait."""
_SOONER = 0.7
"""How much sooner the next look comes where Prefect's server has a wrong clock: after this share of the last wait."""
_PATIENCE = 0.15
"""How the pauses grow after the first look: by this share of the time since."""
LONGEST_PAUSE, _LEAST_PAUSE = 0.5, 0.005
_FIRST_GUESS = 0.1
_LONGEST_USUAL = 3.0


class Assignments:
    """What was said of runs to come.

    Args:
        worker_id: becomes the attribute.
        now: seconds of a clock that only goes on.

    Attributes:
        worker_id: of this worker.
        online: the workers of this one's pool that there are, as far as is known.
    """

    def __init__(self, worker_id: UUID, now: Callable[[], float] = time.monotonic) -> None:
        self.worker_id = worker_id
        self._now = now
        self._mine: dict[UUID, float] = {}
        self._others: dict[UUID, tuple[UUID, float]] = {}
        self.online: set[UUID] = {worker_id}
        self._online_at = now()
        self._usual = _FIRST_GUESS

    @property
    def waiting(self) -> list[UUID]:
        """Deliveries whose runs this worker looks for."""
        self._forget()
        return list(self._mine)

    @property
    def pause(self) -> float:
        """Seconds until the next look for them: it is not worth while before a run has had the time to be made."""
        now, first = self._now(), self._usual + _MARGIN_SECONDS
        return min((_pause_of(now - at, first) for at in self._mine.values()), default=0.0)

    def hear(self, told: str) -> bool:
        """Take in a notification.

        Returns:
            Whether there is something to look for now.
        """
        said = meant(told)
        if said is None:
            return False
        worker_id, delivery_ids = said
        now = self._now()
        self._forget()
        for each in delivery_ids:
            self._mine.pop(each, None)
            self._others.pop(each, None)
            if worker_id == self.worker_id:
                self._mine[each] = now
            else:
                self._others[each] = (worker_id, now)
        return worker_id == self.worker_id and bool(delivery_ids)

    def may_take(self, delivery_id: UUID | None) -> bool:
        """Whether the run of a delivery is not another worker's, which is there."""
        if delivery_id is None or delivery_id not in self._others:
            return True
        worker_id, at = self._others[delivery_id]
        # The relay knows of a worker that has just come before this one does.
        gone = worker_id not in self.online and self._online_at > at
        return gone or self._now() - at > MEANT_SECONDS

    def taken(self, delivery_id: UUID | None, age: float) -> None:
        """This worker takes a run on.

        Args:
            age: seconds since the run was made, by the clock of Prefect's server. Not more than 0 if that is ahead.
        """
        heard_at = self._mine.pop(delivery_id, None) if delivery_id else None
        if heard_at is not None:
            waited = self._now() - heard_at
            # Where the clock says nothing, the looks do: each run is looked for a little sooner than the last.
            made_after = min(max(waited - age, 0.0) if age > 0 else _SOONER * waited, _LONGEST_USUAL)
            self._usual += (made_after - self._usual) / (2 if made_after < self._usual else 5)

    def give_up(self) -> list[UUID]:
        """Deliveries whose runs this worker looked for, and does not any more."""
        given, self._mine = list(self._mine), {}
        return given

    def note_online(self, pools: Mapping[UUID, str], pool: str) -> None:
        """Take in which workers there are."""
        self._online_at = self._now()
        self.online = {worker_id for worker_id, theirs in pools.items() if theirs == pool} | {self.worker_id}

    def _forget(self) -> None:
        oldest = self._now() - MEANT_SECONDS
        self._mine = {each: at for each, at in self._mine.items() if at > oldest}
        self._others = {each: (worker, at) for each, (worker, at) in self._others.items() if at > oldest}


def _pause_of(waited: float, first: float) -> float:
    """Until the next look for a run that has been waited for so long."""
    if waited < first:
        return max(first - waited, _LEAST_PAUSE)
    return min(EAGER_POLL_SECONDS + _PATIENCE * (waited - first), LONGEST_PAUSE)
