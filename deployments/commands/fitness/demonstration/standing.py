"""How a demo stands, as the application's tables have it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId

_SQL = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class Standing:
    """How far a demo has come.

    Attributes:
        scored: members who have scores.
        with_nights: members who have readings.
        risks: those that stand, but of the member who trains too much.
        post_rows, reaction_rows: what is in feeds.
    """

    scored: int = 0
    with_nights: int = 0
    risks: int = 0
    post_rows: int = 0
    reaction_rows: int = 0


@dataclass(frozen=True)
class Totals:
    """Rows of each kind."""

    workouts: int
    readings: int
    scores: int
    feed_rows: int


@dataclass(frozen=True)
class TopScore:
    """The last score of a member."""

    member_id: str
    name: str
    week_load: float
    usual_week_load: float | None
    acute: float
    chronic: float
    ratio: float | None


@dataclass(frozen=True)
class WaitingDigest:
    """What a digest will tell a member of."""

    name: str
    verb: str
    actors: int


def standing(connection: Connection, workspace_id: WorkspaceId, spiking: str) -> Standing:
    """How far the demo of a workspace has come."""
    return Standing(**_rows(connection, "standing", workspace_id=workspace_id, spiking=spiking)[0])


def totals(connection: Connection, workspace_id: WorkspaceId) -> Totals:
    """Rows of each kind."""
    return Totals(**_rows(connection, "totals", workspace_id=workspace_id)[0])


def top_scores(connection: Connection, workspace_id: WorkspaceId, most: int) -> list[TopScore]:
    """The last scores of those members whose load has grown most."""
    return [TopScore(**each) for each in _rows(connection, "top", workspace_id=workspace_id, most=most)]


def waiting_digests(connection: Connection, workspace_id: WorkspaceId) -> list[WaitingDigest]:
    """What digests wait to tell of."""
    return [WaitingDigest(**each) for each in _rows(connection, "digests", workspace_id=workspace_id)]


def _rows(connection: Connection, name: str, **values: Any) -> Sequence[Any]:
    return connection.execute(statement(_SQL, name), values).mappings().all()
