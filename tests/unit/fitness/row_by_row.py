"""The scores of one member, day by day in a plain loop: what the arrays are held against."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from math import nan, sqrt
from typing import Any


def scores_of(loads: Mapping[date, float], last: date) -> Iterator[dict[str, Any]]:
    """A score for each day from the first with a load, as the columns of ``fitness.score``."""
    first = min(loads)
    acute = chronic = loads[first]
    history: list[float] = []
    weeks: list[float] = []
    for number in range(1, (last - first).days + 2):
        day = first + timedelta(days=number - 1)
        load = loads.get(day, 0.0)
        if number > 1:
            acute = 2 / 8 * load + (1 - 2 / 8) * acute
            chronic = 2 / 29 * load + (1 - 2 / 29) * chronic
        history.append(load)
        week = history[-7:]
        weeks.append(sum(week))
        sameness = None
        if number >= 7 and sum(week) > 0:
            mean = sum(week) / 7
            deviation = sqrt(sum((each - mean) ** 2 for each in week) / 6)
            sameness = min(mean / deviation, 10.0) if deviation else 10.0
        yield {
            "day": day,
            "number": number,
            "load": load,
            "acute": acute,
            "chronic": chronic,
            "ratio": acute / chronic if number > 28 and chronic > 0 else None,
            "week_load": weeks[-1],
            "usual_week_load": sum(history[-35:-7]) / 4 if number >= 35 else None,
            "monotony": sameness,
            "strain": None if sameness is None else weeks[-1] * sameness,
        }


def figures_of(score: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a score, NaN being what there is not."""
    return {
        name: nan if value is None else value
        for name, value in score.items()
        if name not in ("workspace_id", "member_id", "day")
    }
