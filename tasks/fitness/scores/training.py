"""Scores of many members at once: matrices of daily loads in, a row per member and day out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from groundwork.tasks.fitness.scores.formulas import (
    ACUTE_DAYS,
    CHRONIC_DAYS,
    Floats,
    ewma,
    monotony,
    usual_week,
    week_load,
)

LEAD_DAYS = 34
"""Days before the first wanted one whose loads count in it: a week, and the four weeks before that."""
_MOST_CELLS = 1_000_000
"""Members × days of one matrix. Too high: memory, about 200 bytes each at the peak."""

Days = npt.NDArray[np.int64]

ROW = np.dtype(
    [
        ("place", np.int32),
        ("day", np.int32),
        ("number", np.int32),
        *[
            (name, np.float64)
            for name in (
                "load", "acute", "chronic", "ratio", "week_load", "usual_week_load", "monotony", "strain"
            )
        ],
    ]
)  # fmt: skip
"""One score. A figure that there is not is NaN; days are counted from any one day."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Which days of which members are wanted; each array has one entry per member.

    Attributes:
        place: number of the member, which its loads and scores bear.
        first: day of its first record.
        begin: first wanted day, not before ``first``.
        last: last wanted day.
        acute: average of the day before ``begin``; NaN where ``begin`` is ``first``.
        chronic: likewise.
    """

    place: npt.NDArray[np.int32]
    first: Days
    begin: Days
    last: Days
    acute: Floats
    chronic: Floats

    def __len__(self) -> int:
        return len(self.place)

    def at(self, which: npt.NDArray[np.int64]) -> "Spans":
        """Those of some members."""
        return Spans(
            self.place[which],
            self.first[which],
            self.begin[which],
            self.last[which],
            self.acute[which],
            self.chronic[which],
        )


@dataclass(frozen=True, slots=True)
class Loads:
    """Loads that there are: one entry per workout. A day's load is their sum; other days are 0."""

    place: npt.NDArray[np.int32]
    day: Days
    load: Floats


def score_spans(spans: Spans, loads: Loads) -> Iterator[npt.NDArray[np.void]]:
    """The scores of the wanted days, as arrays of :data:`ROW`, each in order of members and days.

    Args:
        loads: of these members, at least from :data:`LEAD_DAYS` before each one's first wanted day. What is no finite
            number counts as no record.
    """
    order = np.argsort(spans.begin, kind="stable")
    while len(order):
        # Those with the longest histories share a matrix, which is as long as the first one's.
        one = spans.at(order)
        days = int(one.last.max() - one.begin[0]) + LEAD_DAYS + 1
        members = max(1, _MOST_CELLS // days)
        yield _score(one.at(np.arange(min(members, len(order)))), loads)
        order = order[members:]


def _score(spans: Spans, loads: Loads) -> npt.NDArray[np.void]:
    base = int(spans.begin.min()) - LEAD_DAYS - 1
    table = _table(spans, loads, base)
    day = np.arange(base, base + len(table))[:, None]
    acute, chronic = (
        ewma(_seeded(table, spans, base, seeds), span)
        for seeds, span in ((spans.acute, ACUTE_DAYS), (spans.chronic, CHRONIC_DAYS))
    )
    number = day - spans.first + 1
    week = week_load(table)
    sameness = np.where(number >= 7, monotony(table), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((number > CHRONIC_DAYS) & (chronic > 0), acute / chronic, np.nan)
    wanted = (day >= spans.begin) & (day <= spans.last)
    # The transposed matrices give the rows of one member after those of another.
    which, when = np.nonzero(wanted.T)
    rows = np.empty(len(which), ROW)
    rows["place"], rows["day"] = spans.place[which], when + base
    figures = {
        "number": number,
        "load": table,
        "acute": acute,
        "chronic": chronic,
        "ratio": ratio,
        "week_load": week,
        "usual_week_load": np.where(number >= 35, usual_week(week), np.nan),
        "monotony": sameness,
        "strain": week * sameness,
    }
    for name, figure in figures.items():
        rows[name] = figure[when, which]
    return rows


def _table(spans: Spans, loads: Loads, base: int) -> Floats:
    """A row per day from ``base`` on, a column per member."""
    column = np.full(int(max(spans.place.max(), loads.place.max(initial=0))) + 1, -1)
    column[spans.place] = np.arange(len(spans))
    days, members = int(spans.last.max()) - base + 1, len(spans)
    column_of, row_of = column[loads.place], loads.day - base
    counts = (column_of >= 0) & (row_of >= 0) & (row_of < days) & np.isfinite(loads.load)
    cell, load = (row_of * members + column_of)[counts], loads.load[counts]
    # Sorted: the sum of a day must not depend on the order in which its workouts were read.
    order = np.lexsort((load, cell))
    return np.bincount(cell[order], load[order], days * members).astype("float64").reshape(days, members)


def _seeded(table: Floats, spans: Spans, base: int, seeds: Floats) -> Floats:
    """The loads, with NaN before each member's first wanted day, or before the stored average that it goes on from."""
    row = np.arange(base, base + len(table))[:, None]
    seeded = np.where(row >= spans.begin, table, np.nan)
    goes_on = np.flatnonzero(~np.isnan(seeds))
    seeded[spans.begin[goes_on] - base - 1, goes_on] = seeds[goes_on]
    return seeded
