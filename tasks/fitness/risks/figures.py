"""The figures that are held against thresholds: what each is, what it is not, and its threshold where a workspace has
set none."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["injury", "churn", "threshold"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        name: as commands, thresholds and risks have it.
        title: what mails call it.
        unit: of its values; empty for a share or a ratio.
        kind: which alert tells of it.
        limits: what it cannot say; stands beside it wherever a person reads it.
        above: threshold of a workspace that has set none; None: it is not looked at there.
        below: where it is over again, below ``above``, so that a figure at the line is told of once.
        cool_down_days: days after an alert without another.
    """

    name: str
    title: str
    unit: str
    kind: Kind
    limits: str
    above: float | None = None
    below: float | None = None
    cool_down_days: int = 7


FIGURES = {
    each.name: each
    for each in (
        Figure(
            "load-spike",
            "Load spike",
            "",
            "injury",
            "The load of the last days ÷ the load that the member is used to (EWMA of 7 and of 28 days). It "
            "predicts no injury: the short average is part of the long one, which alone lets the two go together (r "
            "≈ 0.5; Lolli 2019, Br J Sports Med), and long averages drawn at random give the same odds (c-statistic "
            "0.574, where 0.5 is chance; Impellizzeri 2020, Sports Med). There is none in a member's first 28 days.",
        ),
        Figure(
            "hrv",
            "Heart rate variability",
            "SD",
            "injury",
            "How far the mean ln rMSSD of 7 days is from the member's own baseline, in SD of that baseline, "
            "measured by one source. Beyond 0.5 it is more than the smallest worthwhile change. Illness, alcohol, "
            "travel and a stricter device do the same to it as training does.",
            above=0.5,
            below=0.25,
        ),
        Figure(
            "sleep-debt",
            "Sleep debt",
            "h",
            "injury",
            "Hours slept less than the member's need over 14 days. Nights without a reading do not count, so that "
            "it is too small where the device was not worn. Devices take lying still for sleep.",
            above=5.0,
            below=3.0,
        ),
        Figure(
            "churn",
            "Fewer visits",
            "",
            "churn",
            "Half of it says how much rarer the visits of the last 28 days are than those of the 8 weeks before, "
            "half how long the last visit is ago, measured by the member's usual gap. The weights are chosen, not "
            "fitted: it is a list to ask after, no probability. A holiday looks the same.",
            above=0.6,
            below=0.4,
            cool_down_days=14,
        ),
        Figure(
            "monotony",
            "Monotony",
            "",
            "threshold",
            "Mean ÷ SD (of a sample) of seven daily loads. Any week of equal days is at 10, however light.",
        ),
        Figure(
            "strain",
            "Strain",
            "AU",
            "threshold",
            "Load of the week × monotony. It has no common scale: compare a member only with the own past.",
        ),
        Figure(
            "week-load",
            "Load of the week",
            "AU",
            "threshold",
            "Sum of RPE × minutes over seven days, as the member felt it.",
        ),
    )
}
"""Every figure by its name. Those about load have no threshold of their own: there is none that fits all."""
