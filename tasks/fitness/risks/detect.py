"""Risks of members: figures are measured, held against the thresholds, stored, and alerts sent, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.fitness.alerts import Evidence
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send_many
from groundwork.tasks.fitness.members.key_range import KeyRange
from groundwork.tasks.fitness.members.local_days import local_days
from groundwork.tasks.fitness.pushes.wanted import want_alert_pushes
from groundwork.tasks.fitness.risks import churn, hrv, load, sleep
from groundwork.tasks.fitness.risks.alerts import alert_of
from groundwork.tasks.fitness.risks.crossing import crossed
from groundwork.tasks.fitness.risks.figures import FIGURES
from groundwork.tasks.fitness.risks.store import known_risks, store_risks
from groundwork.tasks.fitness.risks.thresholds import thresholds

_SQL = Path(__file__).with_suffix(".sql")

Whose = Sequence[str] | KeyRange
"""Members by their ids, or a range of them."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What a check came to.

    Attributes:
        members: whose figures were looked at.
        over: how many of their figures are over a threshold.
        alerts: how many alerts were sent.
    """

    members: int
    over: int
    alerts: int


def detect(connection: Connection, workspace_id: WorkspaceId, whose: Whose, now: datetime) -> Detected:
    """Hold the figures of members against the thresholds that are in force now.

    Members who have left are not looked at. Of two checks in one workspace the second waits, and sees what the first
    has stored, so that a crossing is told once.

    Args:
        connection: the caller's transaction.
        now: for the day that it is in each member's zone.
    """
    members = _gather_members(connection, workspace_id, whose, now)
    if members.empty:
        return Detected(0, 0, 0)
    measured = _measured(connection)
    risks = crossed(_with_thresholds(connection, workspace_id, _values(measured), members))
    store_risks(connection, workspace_id, _worth_keeping(risks), lambda row: _reasons(measured, row))
    due = risks[risks["alert"]]
    events = [alert_of(workspace_id, row, _reasons(measured, row), detected_at=now) for row in due.to_dict("records")]
    send_many([event for event, _ in events], connection, dedupe_ids=[dedupe_id for _, dedupe_id in events])
    want_alert_pushes(connection, workspace_id, [event for event, _ in events])
    return Detected(len(members), int(risks["over"].sum()), len(events))


def _gather_members(connection: Connection, workspace_id: WorkspaceId, whose: Whose, now: datetime) -> pd.DataFrame:
    """Fill the temporary table ``risk_member``; its rows, by ``place``."""
    workspace = {"workspace_id": str(workspace_id)}
    connection.execute(statement(_SQL, "lock"), workspace)
    connection.execute(statement(_SQL, "create_members"))
    connection.execute(statement(_SQL, "empty"))
    which, chosen = (
        ("members_of_range", whose.parameters)
        if isinstance(whose, KeyRange)
        else ("wanted_members", {"member_ids": list(whose)})
    )
    today = local_days(connection, workspace_id, now).parameters | {"utc_today": now.date()}
    connection.execute(statement(_SQL, which), workspace | today | chosen)
    connection.execute(statement(_SQL, "analyse"))
    rows = connection.execute(statement(_SQL, "members"))
    return pd.DataFrame(rows.all(), columns=["place", "member_id", "today"]).set_index("place")


def _measured(connection: Connection) -> dict[str, pd.DataFrame]:
    """What is known of each figure, by its name: a row per member."""
    loads = load.measure(connection)
    by_load = {name: loads.assign(value=loads[column]) for name, column in load.COLUMNS.items()}
    return by_load | {
        "hrv": hrv.measure(connection),
        "sleep-debt": sleep.measure(connection),
        "churn": churn.measure(connection),
    }


def _values(measured: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per member (``place``) and ``figure`` with its ``value``."""
    values = pd.concat({name: table["value"] for name, table in measured.items()}, names=["figure"])
    values = values.astype("float64").dropna().rename("value").rename_axis(["figure", "place"])
    return values.reset_index().astype({"place": "int64", "figure": "str"})


def _with_thresholds(
    connection: Connection, workspace_id: WorkspaceId, values: pd.DataFrame, members: pd.DataFrame
) -> pd.DataFrame:
    """The values beside thresholds and known risks, as :func:`crossed` wants them."""
    table = values.merge(known_risks(connection, workspace_id), on=["place", "figure"], how="outer")
    table["was_over"] = table["was_over"].fillna(False).astype(bool)
    for name in ("crossing", "alerted"):
        table[name] = table[name].fillna(0).astype("int64")
    in_force = thresholds(connection, workspace_id).values()
    limits = pd.DataFrame(
        [(each.figure, each.above, each.below, each.cool_down_days) for each in in_force],
        columns=["figure", "above", "below", "cool_down_days"],
    ).astype({"above": "float64", "below": "float64"})
    # A figure that is gone from the code has no threshold, and its risks end.
    table = table[table["figure"].isin(FIGURES)].merge(limits, on="figure").join(members, on="place")
    table["today"] = table["today"].map(date.toordinal)
    return table


def _worth_keeping(risks: pd.DataFrame) -> pd.DataFrame:
    """Those that are over, or have been."""
    return risks[risks["over"] | (risks["crossing"] > 0)]


def _reasons(measured: Mapping[str, pd.DataFrame], row: Mapping[Any, Any]) -> tuple[Evidence, ...]:
    figure, place = row["figure"], row["place"]
    table = measured[figure]
    if place not in table.index:
        return ()
    told_by = {"hrv": hrv.reasons, "sleep-debt": sleep.reasons, "churn": churn.reasons}.get(figure, load.reasons)
    return told_by(table.loc[place].to_dict())
