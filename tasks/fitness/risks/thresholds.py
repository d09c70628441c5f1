"""What a workspace's figures are held against: its own thresholds, else those of the figures."""

import math
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from groundwork.blocks.errors import ConfigurationError, UnknownName
from groundwork.blocks.sql import statement
from groundwork.blocks.suggestions import did_you_mean
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.risks.figures import FIGURES, Figure

_SQL = Path(__file__).with_suffix(".sql")
LONGEST_COOL_DOWN = 365


@dataclass(frozen=True, slots=True)
class Threshold:
    """The threshold of a figure in a workspace.

    Attributes:
        above: a value above it has crossed; None: the figure is not looked at.
        below: what has crossed is over when it falls below; None as ``above``.
        cool_down_days: days after an alert without another of the member and figure.
        own: whether the workspace has set it.
    """

    figure: str
    above: float | None
    below: float | None
    cool_down_days: int
    own: bool = False


def thresholds(connection: Connection, workspace_id: WorkspaceId) -> dict[str, Threshold]:
    """The threshold of each figure, by its name."""
    rows = connection.execute(statement(_SQL, "own_thresholds"), {"workspace_id": str(workspace_id)})
    own = {
        row.figure: Threshold(row.figure, row.crossed_above, row.over_below, row.cool_down_days, own=True)
        for row in rows
        if row.figure in FIGURES
    }
    usual = {
        name: Threshold(name, figure.above, figure.below, figure.cool_down_days) for name, figure in FIGURES.items()
    }
    return usual | own


def set_threshold(connection: Connection, workspace_id: WorkspaceId, threshold: Threshold) -> None:
    """Give a workspace a threshold of its own. It counts from the next check on; what has crossed by the old one and
    not by the new one is over, without a word.

    Raises:
        UnknownName: there is no such figure.
        ConfigurationError: a number is none, or they contradict each other.
    """
    figure_named(threshold.figure)
    above, below = threshold.above, threshold.below
    for name, value in (("above", above), ("below", below)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise ConfigurationError(f"{name}: {value} is no threshold; give a number from 0 on")
    if (above is None) != (below is None):
        raise ConfigurationError("above and below: give both, or neither to switch the figure off")
    if above is not None and below is not None and below > above:
        raise ConfigurationError(f"below: {below} is above {above}; lower it, or a risk would be over as it begins")
    if not 0 <= threshold.cool_down_days <= LONGEST_COOL_DOWN:
        raise ConfigurationError(f"cool_down_days: {threshold.cool_down_days}; give 0 to {LONGEST_COOL_DOWN}")
    row = {
        "workspace_id": str(workspace_id),
        "figure": threshold.figure,
        "above": above,
        "below": below,
        "cool_down_days": threshold.cool_down_days,
    }
    connection.execute(statement(_SQL, "set_threshold"), row)


def unset_threshold(connection: Connection, workspace_id: WorkspaceId, figure: str) -> None:
    """Let the figure's own threshold count in a workspace again.

    Raises:
        UnknownName: there is no such figure.
    """
    figure_named(figure)
    connection.execute(statement(_SQL, "unset_threshold"), {"workspace_id": str(workspace_id), "figure": figure})


def figure_named(name: str) -> Figure:
    """A figure by its name.

    Raises:
        UnknownName: there is none.
    """
    if name not in FIGURES:
        known = ", ".join(FIGURES)
        raise UnknownName(f"unknown figure {name!r}{did_you_mean(name, dict.fromkeys(FIGURES))}; there are {known}")
    return FIGURES[name]
