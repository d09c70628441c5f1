"""How many of a job's deliveries run at once, start in a time, or are taken at all: limits beyond one lane.

``docs/flow-control.md`` has a runnable example of each. Where several hold, the strictest wins.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

from groundwork.blocks.errors import ConfigurationError

UNLIMITED = 1_000_000
"""Runs at once in a lane without a limit of its own: more than any work pool holds."""
LARGEST_PRIORITY = 600
"""Of a field: what is beyond, up or down, counts as this much."""
_MOST_KEPT = 10_000
"""Largest limit of a rate: so many times are kept for each key."""
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Lane:
    """At most ``limit`` runs at once per workspace, or per value of a field within the workspace.

    Attributes:
        limit: runs at once. Too low: deliveries wait for each other. Too high: one workspace fills the workers.
        key: field of the event; each value has a lane of its own, and waits for no other. An event whose field is
            missing, null or empty is not limited by it. None: the workspace's lane.
    """

    limit: int
    _: KW_ONLY
    key: str | None = None

    def __post_init__(self) -> None:
        _at_least_one("Lane", limit=self.limit)


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """At most ``limit`` runs start per ``period`` seconds and workspace; the others wait in their lane.

    Attributes:
        limit: runs. Too low: the lane grows without end.
        period: seconds, any that begin anywhere.
        key: field of the event; each value is counted by itself, and waits for no other. An event whose field is
            missing, null or empty is not limited. None: the whole workspace is counted.
    """

    limit: int
    period: float
    key: str | None = None

    def __post_init__(self) -> None:
        _at_least_one("Throttle", limit=self.limit)
        _positive("Throttle", self.period)


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """Takes at most ``limit`` events per ``period`` seconds and workspace. What is beyond is dropped, visibly.

    Counted are events as they are accepted, and not runs. To let them wait instead, use :class:`Throttle`.

    Attributes:
        limit: events, 10,000 at most. Too low: wanted events are dropped.
        period: seconds, any that begin anywhere.
        key: field of the event; each value is counted by itself. An event whose field is missing, null or empty is not
            limited. None: the whole workspace is counted.
    """

    limit: int
    period: float
    key: str | None = None

    def __post_init__(self) -> None:
        _at_least_one("RateLimit", limit=self.limit)
        _positive("RateLimit", self.period)
        if self.limit > _MOST_KEPT:
            raise ConfigurationError(f"@job: RateLimit(limit={self.limit}): at most {_MOST_KEPT:,}; shorten the period")


@dataclass(frozen=True)
class Pool:
    """A limit that several jobs share, such as that of a provider's account. Give each of them the same object.

    Attributes:
        name: what jobs share it by; at most 100 printable characters.
        limit: runs at once of all its jobs and all workspaces. None: no such limit. Too low: workspaces wait for each
            other, which take turns then.
        per_workspace: runs at once of all its jobs in one workspace. None: no such limit.
    """

    name: str
    _: KW_ONLY
    limit: int | None = None
    per_workspace: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not 0 < len(self.name) <= _LONGEST_NAME or not self.name.isprintable():
            raise ConfigurationError(f"Pool({self.name!r}): a name has 1 to {_LONGEST_NAME} printable characters")
        if self.limit is None and self.per_workspace is None:
            raise ConfigurationError(f"Pool({self.name!r}): say limit=, per_workspace=, or both")
        _at_least_one(f"Pool {self.name!r}", limit=self.limit, per_workspace=self.per_workspace)


@dataclass(frozen=True)
class Priority:
    """What a field of the event says of its turn within its workspace: higher goes first in the job's lane.

    It moves no workspace ahead of another: who sends chooses it. Risk: what is below waits while there is enough above.

    Attributes:
        field: of the event; a number, from -600 to 600, what is beyond counts as these. Missing or null is 0.
        values: what the field's values count, for a field that is no number; a value that is not listed is 0.
    """

    field: str
    _: KW_ONLY
    values: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        for value, counts in (self.values or {}).items():
            if not isinstance(value, str) or type(counts) is not int or abs(counts) > LARGEST_PRIORITY:
                raise ConfigurationError(
                    f"@job: Priority({self.field!r}, values={{{value!r}: {counts!r}}}): texts, each with a whole "
                    f"number from -{LARGEST_PRIORITY} to {LARGEST_PRIORITY}"
                )


def _at_least_one(option: str, **numbers: int | None) -> None:
    for name, number in numbers.items():
        if number is not None and (type(number) is not int or number < 1):
            raise ConfigurationError(f"@job: {option}({name}={number!r}): a whole number of at least 1")
        if number is not None and number > UNLIMITED:
            raise ConfigurationError(f"@job: {option}({name}={number!r}): at most {UNLIMITED:,}; or leave it out")


def _positive(option: str, period: float) -> None:
    if not 0.001 <= period < float("inf"):
        raise ConfigurationError(f"@job: {option}(period={period}): at least 0.001 seconds")
