"""How long it takes from a kill to the first step of the attempt after the one that it interrupted.

An attempt is interrupted if its delivery goes on to another run's attempt; a run that claims once more, because the
answer to its claim was lost, interrupts nothing. What did it is the fault that hit its own process;
else the last one, while it held the delivery, that hit what all runs need. Where no step is left to do, the attempt
after has recovered when it is done.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.chaos.storm.judge import Transition
from tests.chaos.storm.schedule import Hit

_NEEDED_BY_ALL = ("worker", "zygote", "prefect", "postgres-killed", "postgres-stopped", "postgres-frozen", "services")
_NOT_ENDED = ("queued", "scheduled", "admitted", "running")


@dataclass(frozen=True)
class FirstStep:
    """When an attempt at a delivery began its first step, in seconds since 1970."""

    at: float
    delivery: str
    attempt: int


@dataclass(frozen=True)
class Interruption:
    """An attempt that did not come to its end. ``began`` and ``until``: while it held the delivery."""

    delivery: str
    attempt: int
    flow_run: str | None
    began: float
    until: float


def interruptions(transitions: Iterable[Transition]) -> list[Interruption]:
    """The attempts whose deliveries another attempt was to have; of a batch that of its first delivery.

    Args:
        transitions: in order of time.
    """
    running: dict[str, Transition] = {}
    interrupted = []
    for each in transitions:
        claim = running.pop(each.delivery, None)
        claimed_again = claim is not None and (each.state, each.flow_run) == ("running", claim.flow_run)
        if claim is not None and each.state in _NOT_ENDED and not claimed_again and not each.waits:
            interrupted.append(Interruption(each.delivery, claim.attempt, claim.flow_run, claim.at, each.at))
        if each.leads and each.state == "running":
            running[each.delivery] = each
    return interrupted


def cause(interruption: Interruption, hits: Sequence[Hit], processes: Collection[int]) -> Hit | None:
    """The fault that interrupted an attempt; None where it was something else, such as an answer that was lost.

    Args:
        hits: in order of time.
        processes: that executed the attempt's run.
    """
    meanwhile = [hit for hit in hits if interruption.began <= hit.at <= interruption.until]
    own = [hit for hit in meanwhile if not set(processes).isdisjoint(hit.pids)]
    shared = [hit for hit in meanwhile if hit.kind in _NEEDED_BY_ALL]
    return next(iter([*own, *reversed(shared)]), None)


def recoveries(
    transitions: Sequence[Transition],
    first_steps: Iterable[FirstStep],
    hits: Sequence[Hit],
    processes: Mapping[str, Collection[int]],
) -> dict[str, list[float]]:
    """By kind of kill, seconds from each kill to the first step of the next attempt at each interrupted delivery.

    Args:
        transitions: in order of time.
        first_steps: in any order.
        hits: in order of time.
        processes: by flow run, those that executed it.
    """
    went_on: dict[str, list[FirstStep]] = defaultdict(list)
    for step in first_steps:
        went_on[step.delivery].append(step)
    for each in transitions:
        if each.state == "done":
            went_on[each.delivery].append(FirstStep(each.at, each.delivery, each.attempt))
    seconds: dict[str, list[float]] = defaultdict(list)
    for interruption in interruptions(transitions):
        hit = cause(interruption, hits, processes.get(interruption.flow_run or "", ()))
        later = [step.at for step in went_on[interruption.delivery] if step.attempt > interruption.attempt]
        if hit is not None and hit.is_kill and later:
            seconds[hit.kind].append(min(later) - hit.at)
    return dict(seconds)
