"""Metrics: what can be measured of a member, in which unit, and between which bounds it can be true of a living person.

rMSSD and SDNN are two statistics of the same heart beats that do not convert into each other, so they are two metrics.
"""

from dataclasses import dataclass

Unit = str


@dataclass(frozen=True)
class Metric:
    """What the values of one metric are.

    Attributes:
        unit: of every stored value.
        least, most: what is outside of them is a fault of a device or of a unit, and refused.
        takes: other units that a file may name, each with what makes a value of it one of ``unit``.
    """

    unit: Unit
    least: float
    most: float
    takes: tuple[tuple[Unit, float], ...] = ()

    def factor(self, unit: Unit | None) -> float | None:
        """What a value in another unit is multiplied by; None for a unit that this metric cannot have."""
        return 1.0 if unit in (None, "", self.unit) else dict(self.takes).get(str(unit))


_TIME = (("ms", 0.001), ("min", 60.0), ("h", 3600.0))
_SLEEP = Metric("s", 0, 24 * 3600, _TIME)

METRICS: dict[str, Metric] = {
    "hrv_rmssd": Metric("ms", 1, 400, (("s", 1000.0),)),
    "hrv_sdnn": Metric("ms", 1, 500, (("s", 1000.0),)),
    "resting_heart_rate": Metric("bpm", 20, 160, (("Hz", 60.0),)),
    "sleep_seconds": _SLEEP,
    "sleep_deep_seconds": _SLEEP,
    "sleep_rem_seconds": _SLEEP,
    "sleep_light_seconds": _SLEEP,
    "sleep_awake_seconds": _SLEEP,
    "respiratory_rate": Metric("/min", 4, 60, (("Hz", 60.0),)),
    "spo2": Metric("%", 50, 100, (("1", 100.0),)),
    "skin_temperature": Metric("°C", 20, 45),
    "readiness_score": Metric("%", 0, 100),
    "recovery_score": Metric("%", 0, 100),
    "steps": Metric("1", 0, 250_000),
    "active_energy": Metric("kcal", 0, 25_000, (("kJ", 1 / 4.184), ("J", 1 / 4184))),
}
"""Every metric by its name. Bounds are wide: they find values in another unit, not bad nights. 1 kcal is 4.184 kJ
exactly (thermochemical calorie)."""

RISKY = ("hrv_rmssd", "sleep_seconds")
"""Metrics of which :mod:`groundwork.tasks.fitness.risks` makes figures that are held against thresholds."""
