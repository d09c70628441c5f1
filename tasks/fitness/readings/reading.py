"""A reading: one version of one value of a member, and whether it can be true."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import isfinite

from groundwork.tasks.fitness.readings.metrics import METRICS

CLOCK_SKEW = timedelta(minutes=10)
"""How far a provider's clock may be ahead of ours. Higher: a wrong clock makes versions that no later one replaces."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No wearable has measured before; devices that have lost their clock say 1970."""
LONGEST_ID = 200
"""Characters of an external id or a source."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A version of a value. Of several versions the one that the provider made last stands, whichever came last.

    Attributes:
        member_id: whose.
        source: provider, or what a file names.
        metric: a name of :data:`~groundwork.tasks.fitness.readings.metrics.METRICS`.
        external_id: of the object at the source; a version of the same object has the same.
        updated_at: when the provider made this version, by its own clock.
        measured_at: when it was measured; of a sleep, when it ended. None where it is deleted.
        day: the day that it counts for, where the member was. None where it is deleted.
        value: in the unit of the metric. None where it is deleted.
        deleted: the provider has it no more.
    """

    member_id: str
    source: str
    metric: str
    external_id: str
    updated_at: datetime
    measured_at: datetime | None = None
    day: date | None = None
    value: float | None = None
    deleted: bool = False

    @property
    def version(self) -> tuple[datetime, bool, float]:
        """What orders versions: the provider's clock. At one moment a deletion stands before a value, and the higher
        of two values, so that every order of arrival ends alike."""
        return self.updated_at, self.deleted, self.value if self.value is not None else 0.0


def deletion(
    member_id: str, source: str, external_id: str, updated_at: datetime, *, metrics: Iterable[str]
) -> list[Reading]:
    """The deletion of an object: of each metric that it may have had, for its other versions may come later."""
    return [Reading(member_id, source, metric, external_id, updated_at, deleted=True) for metric in metrics]


def fault_of(reading: Reading, now: datetime) -> str | None:
    """Why a reading cannot be true, in words; None for one that can.

    Args:
        now: readings may be from :data:`CLOCK_SKEW` after it at most.
    """
    if reading.updated_at > now + CLOCK_SKEW:
        return f"its version is of {reading.updated_at.isoformat()}, which is in the future"
    if not 1 <= len(reading.external_id) <= LONGEST_ID or not reading.external_id.isprintable():
        return f"its id has to have 1 to {LONGEST_ID} printable characters"
    metric = METRICS.get(reading.metric)
    if metric is None:
        return f"there is no metric {reading.metric[:60]!r}"
    if reading.deleted:
        return None
    if reading.value is None or reading.measured_at is None or reading.day is None:
        return "it has no value, no time or no day"
    if reading.measured_at > now + CLOCK_SKEW:
        return f"it is of {reading.measured_at.isoformat()}, which is in the future"
    if reading.measured_at < EARLIEST:
        return f"it is of {reading.measured_at.isoformat()}, before there were wearables: the device had lost its clock"
    if not isfinite(reading.value) or not metric.least <= reading.value <= metric.most:
        return (
            f"{reading.metric} of {reading.value:g} {metric.unit}: {metric.least:g} to {metric.most:g} can be; is it "
            "in another unit?"
        )
    return None


@dataclass(frozen=True, slots=True)
class Judged:
    """Readings, told apart.

    Attributes:
        good: what can be true.
        refused: why the others cannot, each with metric and id.
    """

    good: list[Reading]
    refused: list[str]


def judge(readings: Iterable[Reading], now: datetime | None = None) -> Judged:
    """Tell readings that can be true from those that cannot."""
    moment = now or datetime.now(UTC)
    found = Judged([], [])
    for each in readings:
        fault = fault_of(each, moment)
        if fault is None:
            found.good.append(each)
        else:
            found.refused.append(f"{each.metric[:60]} {each.external_id[:60]!r}: {fault}")
    return found
