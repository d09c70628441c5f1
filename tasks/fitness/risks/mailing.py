"""The mail that tells a coach of a crossing: who gets it, what it shows."""

from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.fitness.alerts import Alert, ChurnRiskDetected, InjuryRiskDetected, ThresholdCrossed
from groundwork.notifications.chart import BarChart
from groundwork.tasks.fitness.risks.figures import FIGURES, Figure

_SQL = Path(__file__).with_suffix(".sql")

CHART_DAYS = 14


class Receiver(BaseModel):
    """Who is told of a member's alert.

    Attributes:
        user_id: the member's coach, else the gym's owner; None where neither is a user of the workspace.
        member_name: what the mail calls the member.
    """

    user_id: str | None
    member_name: str


def receiver_of(connection: Connection, alert: Alert) -> Receiver | None:
    """Who is to be told; None where the member is no longer there."""
    member = {"workspace_id": str(alert.workspace_id), "member_id": alert.member_id, "day": alert.detected_on}
    row = connection.execute(statement(_SQL, "receiver"), member).one_or_none()
    return None if row is None else Receiver(user_id=row.user_id, member_name=row.member_name)


def figure_of(alert: Alert) -> Figure:
    """The figure that an alert is about.

    Raises:
        TypeError: no job sends such an alert.
    """
    match alert:
        case InjuryRiskDetected():
            return FIGURES[alert.kind]
        case ChurnRiskDetected():
            return FIGURES["churn"]
        case ThresholdCrossed():
            # Applications may send such an alert about figures of their own.
            own = Figure(alert.figure, alert.figure, "", "threshold", "It is the application's own.")
            return FIGURES.get(alert.figure, own)
    raise TypeError(f"{type(alert).__name__} is about no figure")


def chart_of(connection: Connection, alert: Alert) -> BarChart | None:
    """The member's last two weeks in what the figure is made of; None where there is nothing to show."""
    figure = figure_of(alert)
    query, title, name = {
        "hrv": ("daily_rmssd", "rMSSD per day, in ms", "rMSSD (ms)"),
        "sleep-debt": ("daily_sleep", "Sleep per night, in minutes", "slept (min)"),
        "churn": ("daily_visits", "Minutes of training per day", "minutes"),
    }.get(figure.name, ("daily_load", "Training load per day, in AU", "load"))
    span = {
        "workspace_id": str(alert.workspace_id),
        "member_id": alert.member_id,
        "until": alert.detected_on,
        "days": CHART_DAYS,
    }
    rows = connection.execute(statement(_SQL, query), span).all()
    days = pd.date_range(end=pd.Timestamp(alert.detected_on), periods=CHART_DAYS)
    by_day = pd.Series({pd.Timestamp(row.day): row.value for row in rows}, dtype="float64")
    values = by_day.reindex(days).fillna(0).round().astype("int64").tolist()
    return BarChart(title, [str(day.day) for day in days], {name: values}) if any(values) else None


def values_of(connection: Connection, alert: Alert, member_name: str) -> dict[str, Any]:
    """What the template ``risk_alert`` shows."""
    figure = figure_of(alert)
    chart = chart_of(connection, alert)
    return {
        "member": member_name,
        "title": figure.title,
        "day": f"{alert.detected_on.day} {alert.detected_on:%B %Y}",
        "evidence": [each.model_dump() for each in alert.evidence],
        "limits": figure.limits,
        "chart": chart.image() if chart else None,
    }


def report(alert: Alert) -> str:
    """An alert as Markdown, for the run's artifact. The member goes by id: more people see runs than coach members."""
    figure = figure_of(alert)
    rows = [
        f"| {_cell(each.figure)} | {each.value:,g} {_cell(each.unit)} "
        f"| {'' if each.limit is None else f'{each.limit:,g}'} | {_cell(each.words)} |"
        for each in alert.evidence
    ]
    return "\n".join(
        [
            f"## {figure.title}: member `{alert.member_id}`, {alert.detected_on}",
            "",
            "| figure | value | threshold | |",
            "| --- | ---: | ---: | --- |",
            *rows,
            "",
            figure.limits,
        ]
    )


def _cell(words: str) -> str:
    """Words within a table: an application may send alerts with words of its own."""
    return " ".join(words.split()).replace("|", "\\|")
