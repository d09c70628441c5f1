"""Intent scores of leads, and which of them have become hot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.nurture.leads import HotLeadDetected, Reason
from groundwork.tasks.nurture.leads.points import points
from groundwork.tasks.nurture.leads.totals import Scoring

Band = Literal["cold", "warm", "hot"]
MOST_REASONS = 5
"""Reasons that an event may have."""

_SQL = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True, kw_only=True)
class LeadScore:
    """The score of a contact at a moment.

    Attributes:
        band: by the agency's thresholds; a hot lead stays hot until it is below ``hot_until``.
        band_before: at the computation before; cold where there was none.
        crossings: how often the contact has become hot.
        crossed: whether it has now.
        reasons: what made the score, most points first.
    """

    contact_id: str
    score: float
    band: Band
    band_before: Band
    crossings: int
    crossed: bool
    reasons: list[dict[str, Any]]

    @property
    def moved(self) -> bool:
        """Whether the band is another one than before."""
        return self.band != self.band_before

    def detected(self, workspace_id: WorkspaceId, scoring: Scoring, at: datetime) -> HotLeadDetected:
        """The event that tells of a lead which has become hot."""
        return HotLeadDetected(
            workspace_id=workspace_id,
            contact_id=self.contact_id,
            crossing=self.crossings,
            score=self.score,
            threshold=scoring.hot_from,
            reasons=tuple(Reason.model_validate(each) for each in self.reasons[:MOST_REASONS]),
            detected_at=at,
        )


def score(
    connection: Connection, workspace_id: WorkspaceId, contact_ids: Sequence[str], *, scoring: Scoring, at: datetime
) -> list[LeadScore]:
    """Compute and keep the scores of contacts. Those that the workspace does not have are left out.

    Args:
        connection: a transaction that has its turn, see :func:`~groundwork.tasks.nurture.leads.totals.take_turn`.
        scoring: by what.
        at: the moment that they are of.
    """
    worth = points()
    values = {
        "workspace_id": str(workspace_id),
        "contact_ids": list(contact_ids),
        "kinds": list(worth),
        "points": list(worth.values()),
        "half_life_days": scoring.half_life_days,
        "warm_from": scoring.warm_from,
        "hot_from": scoring.hot_from,
        "hot_until": scoring.hot_until,
        "at": at,
    }
    return [LeadScore(**row._mapping) for row in connection.execute(statement(_SQL, "score"), values)]


def contacts_after(
    connection: Connection, workspace_id: WorkspaceId, after: str, most: int, *, cold_too: bool
) -> list[str]:
    """The next contacts of a workspace to score, in order of their ids.

    Args:
        after: id of the last one before; empty for the first.
        most: how many.
        cold_too: those whose score can only have fallen from cold to cold, too.
    """
    which = statement(_SQL, "scored_contacts" if cold_too else "contacts_not_cold")
    values = {"workspace_id": str(workspace_id), "after": after, "most": most}
    return list(connection.execute(which, values).scalars())


def workspaces_that_may_cool(connection: Connection, asker: WorkspaceId) -> list[WorkspaceId]:
    """Workspaces that have a lead which is warm or hot.

    Args:
        asker: ``platform`` asks for all of them, another workspace for itself.
    """
    found = connection.execute(statement(_SQL, "workspaces_not_cold"), {"workspace_id": str(asker)})
    return [WorkspaceId.stored(each) for each in found.scalars()]
