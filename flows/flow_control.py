"""What a job may say of when its deliveries run: the options of ``@job`` beyond its lane.

Each is kept with the job in the inbox (``groundwork.job.flow_control``), which alone decides: no worker has to be up
for it, and a restart forgets nothing. ``docs/flow-control.md`` has a runnable example of each. Names and meanings
follow Inngest's, so that a job moves over as it is.
"""

from dataclasses import dataclass
from typing import Any, Literal

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.base import Event


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Events of one lane share a run, which gives one outcome per event.

    Attributes:
        size: most events per run. Too high: much to repeat after a crash.
        wait: seconds that the oldest event may wait for the batch to fill. Too high: every lone event waits that long.
    """

    size: int
    wait: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Debounce:
    """Runs the last of several events in quick succession. The others name the delivery that superseded them.

    Attributes:
        seconds: quiet time before it runs.
        key: field of the event; events with another value do not count. None: the whole lane.
        longest: seconds after which it runs even if the events go on. None: a sender that never pauses is never heard.
    """

    seconds: float
    key: str | None = None
    longest: float | None = None


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """At most ``limit`` runs start per ``period`` seconds and workspace; the others wait in their lane.

    Attributes:
        limit: runs. Too low: the lane grows without end.
        period: seconds, any that begin anywhere.
    """

    limit: int
    period: float


@dataclass(frozen=True, kw_only=True)
class Singleton:
    """One delivery at a time per key.

    Attributes:
        key: field of the event. None: the whole lane.
        mode: queue: the next waits for its turn. skip: an event that finds another unfinished is dropped, visibly.
    """

    key: str | None = None
    mode: Literal["queue", "skip"] = "queue"


@dataclass(frozen=True, kw_only=True)
class Idempotency:
    """Runs the first of the events with one key. The others name its delivery.

    Attributes:
        key: field of the event.
        seconds: how long a key is remembered, from its first event.
    """

    key: str
    seconds: float = 86_400.0


@dataclass(frozen=True, kw_only=True)
class CancelOn:
    """An event that cancels this job's unfinished deliveries, running ones too, that have the same key.

    Attributes:
        event: the cancelling event's type.
        key: field that both event types have.
    """

    event: type[Event]
    key: str


@dataclass(frozen=True, kw_only=True)
class FlowControl:
    """Those of a job's options that say when its deliveries run.

    Attributes:
        batch, debounce, throttle, idempotency, singleton, cancel_on: see the classes. None: the job does without.
        expires: seconds after which a delivery that has not started is dropped, visibly. None: never.
    """

    batch: Batch | None = None
    debounce: Debounce | None = None
    throttle: Throttle | None = None
    expires: float | None = None
    idempotency: Idempotency | None = None
    singleton: Singleton | None = None
    cancel_on: CancelOn | None = None

    def check(self, on: type[Event]) -> None:
        """Refuse options that contradict each other or name fields that the event does not have.

        Raises:
            ConfigurationError: says which option, and what to do.
        """
        if self.batch and (self.debounce or self.singleton or self.cancel_on):
            raise ConfigurationError(
                "@job: batch goes with neither debounce, singleton nor cancel_on; drop one of them"
            )
        if self.debounce and self.singleton and self.debounce.key != self.singleton.key:
            raise ConfigurationError("@job: debounce and singleton need the same key")
        for option, name, least in (
            (self.batch, "size", 2), (self.batch, "wait", 0), (self.debounce, "seconds", 0.001),
            (self.throttle, "limit", 1), (self.throttle, "period", 0.001), (self.idempotency, "seconds", 1),
        ):  # fmt: skip
            if option is not None and getattr(option, name) < least:
                raise ConfigurationError(
                    f"@job: {type(option).__name__}({name}={getattr(option, name)}): at least {least}"
                )
        if self.expires is not None and self.expires <= 0:
            raise ConfigurationError(f"@job(expires={self.expires}): more than 0 seconds")
        for keyed in (self.debounce, self.singleton, self.idempotency, self.cancel_on):
            if keyed is not None and keyed.key is not None:
                _wire_name(on, keyed.key)
        if self.cancel_on:
            _wire_name(self.cancel_on.event, self.cancel_on.key)

    def document(self, on: type[Event]) -> dict[str, Any]:
        """What ``groundwork.job.flow_control`` holds, for the inbox's statements. Keys are fields of the wire form."""
        document: dict[str, Any] = {}
        grouping = self.debounce or self.singleton
        if grouping:
            document["flow_key"] = _wire_name(on, grouping.key) if grouping.key else ""
        if self.debounce:
            document["debounce"] = {"seconds": self.debounce.seconds, "longest": self.debounce.longest}
        if self.throttle:
            document["throttle"] = {"limit": self.throttle.limit, "period": self.throttle.period}
        if self.expires is not None:
            document["expires"] = self.expires
        if self.idempotency:
            document["idempotency"] = {
                "field": _wire_name(on, self.idempotency.key),
                "seconds": self.idempotency.seconds,
            }
        if self.singleton:
            document["singleton"] = self.singleton.mode
        if self.cancel_on:
            document["cancel_on"] = {
                "event": self.cancel_on.event.event_name,
                "field": _wire_name(self.cancel_on.event, self.cancel_on.key),
                "own_field": _wire_name(on, self.cancel_on.key),
            }
        return document


def _wire_name(event: type[Event], field: str) -> str:
    found = event.model_fields.get(field)
    if found is None:
        raise ConfigurationError(
            f"@job: {event.__name__} has no field {field!r} to be a key; it has {', '.join(event.model_fields)}"
        )
    return found.alias or field
