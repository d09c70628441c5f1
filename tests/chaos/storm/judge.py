"""What counts as lost, doubled, out of order or over a limit. Plain functions over what was recorded.

**Lost**: an event whose 202 the sender has, and that has not ended as done, or one of whose effects is missing.
**Doubled**: an effect, row or mail too many. Two copies of a mail with one Message-ID are one mail: SMTP has no
transaction, so a mail whose answer was lost is sent again (``docs/notifications.md``).
**Out of order**: in an ordered lane, an effect of a number before that of a lower one, or an execution that began while
one of a lower number was still to end.
**Over the limit**: a lane with more runs at once than it may have, by the inbox's own record of what is admitted or
running, and by the executions.

An execution holds its place in the lane from its begin until it ends, its process is killed, or the inbox takes its
delivery away. The last is the case of a zombie: a process that was paused for longer than its lease goes on when it
wakes, but from the moment at which its delivery was queued again or claimed anew none of its writes are taken (the
fence). That they are not is shown by the effects, which are counted one by one.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from tests.chaos.storm.execution_log import Execution
from tests.chaos.storm.load import Count, Letter
from tests.chaos.storm.mail_server import Mail

T = TypeVar("T")
Lane = tuple[str, str]
"""Job and workspace."""


@dataclass(frozen=True)
class Transition:
    """A change of a delivery's state. ``at`` counts seconds since 1970; ``leads``: alone, or the first of its batch;
    ``waits``: its job does, for what it asked for."""

    at: float
    delivery: str
    job: str
    workspace: str
    leads: bool
    state: str
    attempt: int
    flow_run: str | None = None
    waits: bool = False


@dataclass(frozen=True)
class Held:
    """An execution, with the time until which it held its place."""

    execution: Execution
    until: float


def missing(expected: Iterable[T], *found: Mapping[T, int]) -> set[T]:
    """What was to be and is not, in one place or the other."""
    return {effect for effect in expected if any(not each.get(effect) for each in found)}


def surplus(expected: Iterable[T], *found: Mapping[T, int]) -> int:
    """How often something is there once too often, or should not be there."""
    allowed = Counter(expected)
    return sum(max(number - allowed[effect], 0) for each in found for effect, number in each.items())


def letters(mails: Iterable[Mail]) -> Counter[Letter]:
    """How many different mails each recipient got of each subject. Copies with the same Message-ID are one mail."""
    return Counter((mail.recipient, mail.subject) for mail in set(mails))


def held(
    executions: Sequence[Execution], transitions: Sequence[Transition], killed: Mapping[int, Sequence[float]]
) -> list[Held]:
    """Until when each execution held its place.

    Args:
        executions: in any order.
        transitions: in order of time.
        killed: by process id, when processes of that id were killed, in order.
    """
    of_delivery: dict[str, list[Transition]] = defaultdict(list)
    for each in transitions:
        of_delivery[each.delivery].append(each)
    result = []
    for execution in executions:
        ends = [execution.ended] if execution.ended is not None else []
        times = killed.get(execution.pid, ())
        ends.extend(times[bisect_right(times, execution.began) :][:1])
        taken_away = (
            each.at
            for each in of_delivery[execution.delivery]
            if each.at >= execution.began and (each.attempt, each.state) != (execution.attempt, "running")
        )
        ends.extend(list(taken_away)[:1])
        result.append(Held(execution, min(ends, default=float("inf"))))
    return result


def over_limit_by_executions(holding: Sequence[Held], limits: Mapping[str, int]) -> int:
    """Executions that began while their lane was full of others."""
    begins: dict[Lane, list[tuple[float, int]]] = defaultdict(list)
    for each in holding:
        lane = (each.execution.job, each.execution.workspace)
        begins[lane] += [(each.execution.began, 1), (each.until, -1)]
    return sum(_times_above(changes, limits[job]) for (job, _), changes in begins.items())


def over_limit_by_inbox(transitions: Sequence[Transition], limits: Mapping[str, int]) -> int:
    """Admissions into a lane that was full, as the inbox recorded them."""
    in_flight: dict[Lane, set[str]] = defaultdict(set)
    above = 0
    for each in transitions:
        lane = in_flight[each.job, each.workspace]
        if not each.leads or each.state not in ("admitted", "running"):
            lane.discard(each.delivery)
        elif each.delivery not in lane:
            lane.add(each.delivery)
            above += len(lane) > limits.get(each.job, 1)
    return above


def _times_above(changes: Iterable[tuple[float, int]], limit: int) -> int:
    """How often a count rises above the limit. Of changes at the same time, ends come first."""
    count = above = 0
    for _, change in sorted(changes):
        count += change
        above += change > 0 and count > limit
    return above


def effects_out_of_order(effects: Sequence[Count], ordered: Iterable[str]) -> int:
    """Effects of a lower number after those of a higher one.

    Args:
        effects: in the order in which they were written.
        ordered: jobs whose lanes are ordered.
    """
    return _falls(((job, workspace), number) for job, workspace, number in effects if job in set(ordered))


def executions_out_of_order(holding: Sequence[Held], ordered: Iterable[str]) -> int:
    """Executions that began before one of a lower number had ended for good."""
    last: dict[tuple[Lane, int], float] = {}
    first: dict[tuple[Lane, int], float] = {}
    for each in holding:
        execution = each.execution
        if execution.job in set(ordered):
            key = ((execution.job, execution.workspace), min(execution.numbers))
            first[key] = min(first.get(key, float("inf")), execution.began)
            last[key] = max(last.get(key, 0.0), each.until)
    early = 0
    places = sorted(first)
    for before, after in pairwise(places):
        early += before[0] == after[0] and first[after] < last[before]
    return early


def _falls(numbers: Iterable[tuple[Lane, int]]) -> int:
    highest: dict[Lane, int] = {}
    falls = 0
    for lane, number in numbers:
        falls += number < highest.get(lane, number)
        highest[lane] = max(number, highest.get(lane, number))
    return falls
