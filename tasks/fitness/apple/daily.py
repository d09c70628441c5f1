"""Days of a health export: its many records per day become one value per day and metric.

Several apps and devices write the same night or the same steps. So each source is counted by itself, and of each day
the source stands that has most of it. A sleep is what is asleep with gaps of three hours at most, and counts for the
day that it ends on.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.fitness.apple.records import Record
from groundwork.tasks.fitness.readings.metrics import METRICS
from groundwork.tasks.fitness.readings.reading import CLOCK_SKEW, EARLIEST, Reading

SOURCE = "apple"
GAP = timedelta(hours=3)
"""Awake for longer, it is another sleep."""
MOST_INTERVALS = 500_000
"""Pieces of sleep that are held, some 200 bytes each: thirty years of a person's."""
MOST_DAYS = 200_000
"""Days of all metrics and sources that are held. All of them are one result of a step, which has 64 MiB at most."""
MOST_REASONS = 50
_LONGEST_SOURCE = 100
"""Characters by which a source is told from others: exports may hold longer ones than anybody's device has."""
SLEEP = "HKCategoryTypeIdentifierSleepAnalysis"
_STAGES = {
    "HKCategoryValueSleepAnalysisAsleepDeep": "sleep_deep_seconds",
    "HKCategoryValueSleepAnalysisAsleepREM": "sleep_rem_seconds",
    "HKCategoryValueSleepAnalysisAsleepCore": "sleep_light_seconds",
    "HKCategoryValueSleepAnalysisAsleepUnspecified": None,
    "HKCategoryValueSleepAnalysisAsleep": None,
}
"""What counts as asleep, and its stage. In bed and awake are neither."""


@dataclass(frozen=True)
class _Quantity:
    metric: str
    factors: dict[str, float]
    is_sum: bool = False


_QUANTITIES = {
    "HKQuantityTypeIdentifierHeartRateVariabilitySDNN": _Quantity("hrv_sdnn", {"ms": 1, "s": 1000}),
    "HKQuantityTypeIdentifierRestingHeartRate": _Quantity("resting_heart_rate", {"count/min": 1}),
    "HKQuantityTypeIdentifierRespiratoryRate": _Quantity("respiratory_rate", {"count/min": 1}),
    # The unit says percent, and the value is a share.
    "HKQuantityTypeIdentifierOxygenSaturation": _Quantity("spo2", {"%": 100}),
    "HKQuantityTypeIdentifierStepCount": _Quantity("steps", {"count": 1}, is_sum=True),
    "HKQuantityTypeIdentifierActiveEnergyBurned": _Quantity(
        "active_energy", {"kcal": 1, "Cal": 1, "kJ": 1 / 4.184}, is_sum=True
    ),
}
TYPES = (SLEEP, *_QUANTITIES)
"""Types of records that hold readings."""


@dataclass
class _Sum:
    total: float = 0.0
    count: int = 0
    last: datetime = EARLIEST


@dataclass
class HealthDays:
    """Collects records, and gives the readings of their days.

    Attributes:
        records: that were taken.
        refused: records by the reason why they are not.
    """

    now: datetime
    records: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    _days: dict[tuple[str, str, date], _Sum] = field(default_factory=dict)
    _sleeps: dict[str, list[tuple[datetime, datetime, str | None]]] = field(default_factory=lambda: defaultdict(list))
    _intervals: int = 0

    def take(self, record: Record) -> None:
        """Count a record in.

        Raises:
            NonRetriable: there are more than a person can have.
        """
        self.records += 1
        try:
            start, end = apple_moment(record.start), apple_moment(record.end)
        except ValueError:
            self._refuse("it has no time")
            return
        if end > self.now + CLOCK_SKEW or start < EARLIEST or start > end:
            self._refuse("its time cannot be")
        elif record.type == SLEEP:
            self._take_sleep(record, start, end)
        else:
            self._take_quantity(record, end)

    def readings(self, member_id: str, made_at: datetime) -> list[Reading]:
        """The readings of all days, each metric once a day; a later export replaces them."""
        found = [(metric, *each) for metric in _METRICS for each in self._best(metric)]
        found += list(self._nights())
        return [
            Reading(member_id, SOURCE, metric, f"day:{day}", made_at, last, day, value)
            for metric, day, value, last in found
        ]

    def _refuse(self, reason: str) -> None:
        if reason not in self.refused and len(self.refused) >= MOST_REASONS:
            reason = "another reason"
        self.refused[reason] += 1

    def _take_quantity(self, record: Record, end: datetime) -> None:
        kind = _QUANTITIES[record.type]
        factor = kind.factors.get(record.unit)
        if factor is None:
            self._refuse(f"{kind.metric} has no unit {record.unit[:20]!r}")
            return
        try:
            value = float(record.value) * factor
        except ValueError:
            self._refuse("it has no number")
            return
        bounds = METRICS[kind.metric]
        if not (0 if kind.is_sum else bounds.least) <= value <= bounds.most:
            self._refuse(f"{kind.metric} is not between {bounds.least:g} and {bounds.most:g} {bounds.unit}")
            return
        day = self._days.setdefault((kind.metric, record.source[:_LONGEST_SOURCE], end.date()), _Sum())
        if len(self._days) > MOST_DAYS:
            raise NonRetriable(f"The health record has more than {MOST_DAYS:,} days of sources.")
        day.total, day.count, day.last = day.total + value, day.count + 1, max(day.last, end)

    def _take_sleep(self, record: Record, start: datetime, end: datetime) -> None:
        if record.value not in _STAGES:
            return
        if end - start > timedelta(hours=24):
            self._refuse("it is a sleep of more than a day")
            return
        self._intervals += 1
        if self._intervals > MOST_INTERVALS:
            raise NonRetriable(f"The health record has more than {MOST_INTERVALS:,} pieces of sleep.")
        self._sleeps[record.source[:_LONGEST_SOURCE]].append((start, end, _STAGES[record.value]))

    def _best(self, metric: str) -> Iterator[tuple[date, float, datetime]]:
        """Of each day the source with most of a sum, or with most samples of a mean."""
        best: dict[date, tuple[float, float, datetime]] = {}
        is_sum = _METRICS[metric]
        for (name, _source, day), each in sorted(self._days.items(), key=lambda item: item[0]):
            if name != metric:
                continue
            value = each.total if is_sum else each.total / each.count
            weight = each.total if is_sum else float(each.count)
            if day not in best or weight > best[day][0]:
                best[day] = (weight, value, each.last)
        for day, (_, value, last) in best.items():
            yield day, value, last

    def _nights(self) -> Iterator[tuple[str, date, float, datetime]]:
        best: dict[date, tuple[dict[str, float], datetime]] = {}
        for source in sorted(self._sleeps):
            days: dict[date, tuple[dict[str, float], datetime]] = {}
            for sleep in _sleeps_of(self._sleeps[source]):
                last = max((end for _, end, _ in sleep), key=lambda each: each.astimezone(UTC))
                seconds, before = _seconds_of(sleep), days.get(last.date())
                if before is not None:
                    seconds = dict(Counter(seconds) + Counter(before[0]))
                days[last.date()] = (seconds, last)
            for day, found in days.items():
                if day not in best or found[0]["sleep_seconds"] > best[day][0]["sleep_seconds"]:
                    best[day] = found
        for day, (seconds, last) in best.items():
            for metric, value in seconds.items():
                yield metric, day, value, last


_METRICS = {each.metric: each.is_sum for each in _QUANTITIES.values()}
_Piece = tuple[datetime, datetime, str | None]


def apple_moment(text: str) -> datetime:
    """A time as exports have it: ``2026-11-20 07:12:00 +0100``.

    Raises:
        ValueError: it is none.
    """
    if len(text) != 25 or text[19] != " ":
        raise ValueError(f"{text[:40]!r} is no time of a health export")
    return datetime.fromisoformat(f"{text[:19]}{text[20:23]}:{text[23:]}")


def _sleeps_of(pieces: list[_Piece]) -> Iterator[list[_Piece]]:
    """Pieces that make one sleep each."""
    sleep: list[_Piece] = []
    end: datetime | None = None
    for piece in sorted(pieces, key=lambda each: (each[0].timestamp(), each[1].timestamp(), each[2] or "")):
        if end is not None and piece[0] - end > GAP:
            yield sleep
            sleep, end = [], None
        sleep.append(piece)
        end = piece[1] if end is None else max(end, piece[1])
    if sleep:
        yield sleep


def _seconds_of(sleep: list[_Piece]) -> dict[str, float]:
    """Seconds asleep, and in each stage. What several pieces cover counts once."""
    found = {"sleep_seconds": _covered(sleep)}
    for stage in sorted({each for _, _, each in sleep if each}):
        found[stage] = _covered(piece for piece in sleep if piece[2] == stage)
    return found


def _covered(pieces: Iterable[_Piece]) -> float:
    total, until = 0.0, float("-inf")
    for start, end, _ in pieces:
        begin, finish = max(start.timestamp(), until), end.timestamp()
        if finish > begin:
            total, until = total + finish - begin, finish
    return total
