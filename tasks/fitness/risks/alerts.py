"""The events that tell of a crossing."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from groundwork.events.fitness.alerts import (
    Alert,
    ChurnRiskDetected,
    Evidence,
    InjuryRiskDetected,
    ThresholdCrossed,
)
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.risks.figures import FIGURES


def alert_of(
    workspace_id: WorkspaceId, row: Mapping[Any, Any], reasons: Sequence[Evidence], *, detected_at: datetime
) -> tuple[Alert, str]:
    """The event of a crossing, and a dedupe id that only this crossing has.

    Args:
        row: a risk as :func:`~groundwork.tasks.fitness.risks.crossing.crossed` gives it, whose alert is due.
        reasons: what its value is made of.
    """
    figure = FIGURES[row["figure"]]
    value, above = float(row["value"]), float(row["above"])
    detected_on = date.fromordinal(int(row["today"]))
    main = Evidence(figure=figure.title, value=round(value, 3), limit=above, unit=figure.unit)
    common: dict[str, Any] = {
        "workspace_id": workspace_id,
        "member_id": row["member_id"],
        "crossing": row["crossing"],
        "detected_on": detected_on,
        "detected_at": detected_at,
        "evidence": (main, *reasons)[:10],
    }
    event: Alert
    if figure.kind == "injury":
        event = InjuryRiskDetected(kind=figure.name, **common)
    elif figure.kind == "churn":
        event = ChurnRiskDetected(score=round(value, 3), **common)
    else:
        event = ThresholdCrossed(figure=figure.name, value=value, threshold=above, direction="above", **common)
    # With the day: a member who was deleted and comes back begins to count anew.
    return event, f"{figure.name}:{row['crossing']}:{detected_on}:{row['member_id']}"
