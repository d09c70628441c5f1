"""Scores of members from a day on, read, calculated and stored in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.members.key_range import KeyRange
from groundwork.tasks.fitness.members.local_days import local_days
from groundwork.tasks.fitness.scores.copy_binary import EPOCH, copy_in, copy_out
from groundwork.tasks.fitness.scores.strength import rate_benchmarks
from groundwork.tasks.fitness.scores.training import ROW, Loads, Spans, score_spans

_SQL = Path(__file__).with_suffix(".sql")
_LOAD = np.dtype([("place", np.int32), ("day", np.int32), ("load", np.float64)])


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What a recomputation came to.

    Attributes:
        members: how many were looked at.
        scores: scores that were not there before, or not like this.
        dropped: scores of days that have none any more.
    """

    members: int
    scores: int
    dropped: int


def recompute(
    connection: Connection, workspace_id: WorkspaceId, from_days: Mapping[str, date], now: datetime
) -> Recomputed:
    """Make the scores of members anew, each from a day on. What was stored of the day before is gone on from.

    Members who are not in the workspace are left out. Of two that recompute in one workspace the second waits, and
    sees what the first has stored.

    Args:
        connection: the caller's transaction.
        from_days: first day that may change, by member.
        now: the last day of a member is yesterday in the own zone, or the last one on which something was logged.
    """
    _begin(connection, workspace_id)
    parameters = {"member_ids": list(from_days), "from_days": list(from_days.values())}
    return _recompute(connection, workspace_id, now, _Chosen("wanted_members", parameters))


def recompute_range(
    connection: Connection, workspace_id: WorkspaceId, members: KeyRange, *, days: int, now: datetime
) -> Recomputed:
    """Make the scores of a range of members anew, of some days back.

    Args:
        days: how many. What is older stays as it is, and the scores go on from it.
    """
    _begin(connection, workspace_id)
    parameters = members.parameters | {"from_day": now.date() - timedelta(days=days)}
    return _recompute(connection, workspace_id, now, _Chosen("members_of_range", parameters))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The statement that chooses the members, and what it is told."""

    statement: str
    parameters: dict[str, object]


def _begin(connection: Connection, workspace_id: WorkspaceId) -> None:
    connection.execute(statement(_SQL, "lock"), {"workspace_id": str(workspace_id)})
    for name in ("create_members", "create_scores", "empty"):
        connection.execute(statement(_SQL, name))


def _recompute(connection: Connection, workspace_id: WorkspaceId, now: datetime, chosen: _Chosen) -> Recomputed:
    workspace = {"workspace_id": str(workspace_id)}
    today = local_days(connection, workspace_id, now).parameters
    members = connection.execute(statement(_SQL, chosen.statement), workspace | chosen.parameters).rowcount
    connection.execute(statement(_SQL, "analyse"))
    connection.execute(statement(_SQL, "find_spans"), workspace | today | {"today": now.date()})
    connection.execute(statement(_SQL, "find_seeds"), workspace)
    spans = _spans(connection)
    if len(spans):
        for rows in score_spans(spans, _loads(connection)):
            copy_in(connection, f"score_made ({', '.join(ROW.names or ())})", rows)
    made = connection.execute(statement(_SQL, "store"), workspace).rowcount
    dropped = connection.execute(statement(_SQL, "drop"), workspace).rowcount
    rate_benchmarks(connection, workspace_id)
    return Recomputed(members, made, dropped)


def _spans(connection: Connection) -> Spans:
    found = pd.DataFrame(connection.execute(statement(_SQL, "spans")).all(), columns=list(Spans.__dataclass_fields__))
    return Spans(
        place=found["place"].to_numpy(dtype="int32"),
        first=_day_numbers(found["first"]),
        begin=_day_numbers(found["begin"]),
        last=_day_numbers(found["last"]),
        acute=found["acute"].to_numpy(dtype="float64", na_value=np.nan),
        chronic=found["chronic"].to_numpy(dtype="float64", na_value=np.nan),
    )


def _loads(connection: Connection) -> Loads:
    query = str(statement(_SQL, "loads"))
    rows = copy_out(connection, query, _LOAD)
    return Loads(rows["place"], rows["day"].astype("int64"), rows["load"])


def _day_numbers(days: "pd.Series[date]") -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Days as PostgreSQL counts them, from :data:`EPOCH`."""
    numbers: np.ndarray[tuple[int], np.dtype[np.int64]] = (days.to_numpy(dtype="datetime64[D]") - EPOCH).astype("int64")
    return numbers
