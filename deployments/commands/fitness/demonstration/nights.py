"""Nights of an invented gym: a file of them as a band's maker would hand it over, and a few that a band brings late."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from groundwork.deployments.commands.fitness.demonstration.invented import DAYS, Gym, member_id
from groundwork.tasks.fitness.readings.reading import Reading

SOURCE = "nightband"
"""An invented one."""
LATE_NIGHTS = 6
"""The last ones of the member who is about to train too much: her band has not been near her phone."""
_METRICS = ("hrv_rmssd", "resting_heart_rate", "sleep_seconds")
_AWAKE = time(6, 30)
_RMSSD = 62.0
_TIRED = (0.92, 0.85, 0.78, 0.72, 0.68, 0.64)
"""What is left of the usual rMSSD in each of the late nights."""
_CYCLE = 3
"""Days after which figures repeat: so many days of anyone are like any others, and no risk comes about by chance."""
_FAULTY_IN = 100
"""Members among whom one's band has once measured what cannot be."""


def write_nights(path: Path, of: Gym) -> int:
    """Write the file: a row per member, metric and night, member by member.

    Returns:
        How many rows it has that an import has to refuse.
    """
    wearing = np.array(of.wearing)
    number = np.arange(len(wearing) * len(_METRICS) * DAYS)
    place, metric = wearing[number // (len(_METRICS) * DAYS)], number // DAYS % len(_METRICS)
    ago = DAYS - number % DAYS
    values = _values(place, metric, ago, of)
    faulty = (number % (len(_METRICS) * DAYS * _FAULTY_IN)) == 0
    values[faulty] = 4000.0
    late = (place == of.spiking) & (ago <= LATE_NIGHTS)
    days = pa.array([str(of.today - timedelta(days=each)) for each in range(DAYS + 1)]).take(pa.array(ago))
    ids = pa.array([member_id(each) for each in range(of.members)])
    table = pa.table({
        "member_id": ids.take(pa.array(place)),
        "source": pa.repeat(pa.scalar(SOURCE), len(number)),
        "metric": pa.array(_METRICS).take(pa.array(metric)),
        "value": values.round(1),
        "measured_at": pc.binary_join_element_wise(days, f"T{_AWAKE}Z", ""),
        "external_id": days,
    }).filter(pa.array(~late))  # fmt: skip
    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="needed"))
    return int((faulty & ~late).sum())


def late_nights(of: Gym, now: datetime) -> Iterator[Reading]:
    """What the band of the member brings who trains too much."""
    for ago, left in zip(range(LATE_NIGHTS, 0, -1), _TIRED, strict=True):
        day = of.today - timedelta(days=ago)
        yield Reading(
            member_id=member_id(of.spiking),
            source=SOURCE,
            metric="hrv_rmssd",
            external_id=str(day),
            updated_at=now,
            measured_at=datetime.combine(day, _AWAKE, UTC),
            day=day,
            value=round(_RMSSD * left, 1),
        )


def _values(
    place: npt.NDArray[np.int64], metric: npt.NDArray[np.int64], ago: npt.NDArray[np.int64], of: Gym
) -> npt.NDArray[np.float64]:
    swing = np.sin(2 * np.pi * (ago + place) / _CYCLE)
    noise = np.random.default_rng(7).standard_normal(len(place)) * 0.1
    usual = np.where(place == of.spiking, _RMSSD, 45.0 + place * 7 % 50)
    hours = np.where(np.isin(place, list(of.sleepless)), 7.2, 8.3)
    by_metric = (
        usual * np.exp(0.12 * (swing + noise)),
        54.0 + place * 5 % 12 - 2 * swing,
        3600.0 * (hours + 0.5 * (swing + noise)),
    )
    return np.select([metric == each for each in range(len(_METRICS))], by_metric)
