"""What becomes of a job's events in relation to each other: together, the last, the first, one at a time, or none.

``docs/flow-control.md`` has a runnable example of each.
"""

from dataclasses import dataclass
from typing import Literal

from groundwork.events.base import Event


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Events of one lane share a run, which gives one outcome per event.

    With a keyed lane, those of one key share it; with a debounce, all events of its quick succession do.

    Attributes:
        size: most events per run. Too high: much to repeat after a crash.
        wait: seconds that the oldest event may wait for the batch to fill. Too high: every lone event waits that long.
            With a debounce nothing waits any more once it is quiet.
    """

    size: int
    wait: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Debounce:
    """Runs the last of several events in quick succession. The others name the delivery that superseded them.

    With a batch none is superseded: all of them are the batch. An event that is to start in the future counts from then
    on, and neither puts off those of now nor is pulled forward by them.

    Attributes:
        seconds: quiet time before it runs.
        key: field of the event; events with another value do not count. None: the whole lane. An event whose field
            is missing, null or empty stands alone.
        longest: seconds after which it runs even if the events go on. None: a sender that never pauses is never heard.
    """

    seconds: float
    key: str | None = None
    longest: float | None = None


@dataclass(frozen=True, kw_only=True)
class Singleton:
    """One delivery at a time per key.

    Attributes:
        key: field of the event. None: the whole lane. An event whose field is missing, null or empty stands alone.
        mode: queue: the next waits for its turn. skip: an event that finds another unfinished is dropped, visibly.
    """

    key: str | None = None
    mode: Literal["queue", "skip"] = "queue"


@dataclass(frozen=True, kw_only=True)
class Idempotency:
    """Runs the first of the events with one key. The others name its delivery.

    A first one that was cancelled before it started frees its key: nothing was done for it.

    Attributes:
        key: field of the event. An event whose field is missing, null or empty has no key, and runs.
        seconds: how long a key is remembered, from its first event.
        free_on_failure: a first one that has failed for good frees its key, too. Risk: what it did before it failed is
            done again; and a dead letter that is replayed later runs beside the one that has its key by then.
    """

    key: str
    seconds: float = 86_400.0
    free_on_failure: bool = False


@dataclass(frozen=True, kw_only=True)
class CancelOn:
    """An event that cancels this job's unfinished deliveries, running ones too, that have the same key. A job may name
    several, with one key: ``cancel_on=(CancelOn(event=Left, key="user"), CancelOn(event=Paid, key="user"))``.

    Attributes:
        event: the cancelling event's type.
        key: field that both event types have.
    """

    event: type[Event]
    key: str
