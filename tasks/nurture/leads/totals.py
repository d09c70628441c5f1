"""What the engagement of each contact sums to, so that a score need not look at all that the contact ever did.

With points ``p`` of a kind, half-life ``h`` and engagements at ``t``, the score of a moment ``now`` is the sum of
``p * 2^((t - now) / h)``. ``2^(-now / h)`` is the same for all of them, so what is kept is the sum of ``2^(t / h)``: by
contact, kind and whole half-life period, as whole numbers. Sums of whole numbers do not depend on the order in which
they are added, so what is added as it comes is exactly what a count from scratch gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, TextClause, text

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.sql import named_statements, statement
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.nurture.leads import EngagementRecorded

_SQL = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class Scoring:
    """By what the leads of a workspace are scored, from the table ``nurture.agency``."""

    half_life_days: float
    warm_from: float
    hot_from: float
    hot_until: float


def take_turn(connection: Connection, workspace_id: WorkspaceId) -> Scoring:
    """Be the only one who adds up or scores in the workspace until the transaction ends, by thresholds that stay.

    Where the half-life has changed, the totals are counted anew first.

    Raises:
        NonRetriable: the workspace has no agency.
    """
    where = {"workspace_id": str(workspace_id)}
    connection.execute(statement(_SQL, "begin_scoring"), where)
    found = connection.execute(statement(_SQL, "scoring"), where).one_or_none()
    if found is None:
        raise NonRetriable(
            f"Workspace {workspace_id} has no agency. Store one in nurture.agency, then `groundwork dead replay`."
        )
    scoring = Scoring(found.half_life_days, found.warm_from, found.hot_from, found.hot_until)
    if found.counted_by != scoring.half_life_days:
        count_anew(connection, workspace_id, scoring.half_life_days)
    return scoring


def store(
    connection: Connection, workspace_id: WorkspaceId, events: Sequence[EngagementRecorded], half_life_days: float
) -> dict[str, str]:
    """Store what contacts did and add it to their totals; what is stored already is left out.

    Args:
        connection: a transaction that has its turn, see :func:`take_turn`.
        events: of the workspace.
        half_life_days: by which its totals are counted.

    Returns:
        The contact by id of each engagement that is new.
    """
    given = {
        "ids": [each.engagement_id for each in events],
        "contact_ids": [each.contact_id for each in events],
        "kinds": [each.kind for each in events],
        "channels": [each.channel for each in events],
        "times": [each.occurred_at for each in events],
        "workspace_id": str(workspace_id),
        "half_life_days": half_life_days,
    }
    return {row.id: row.contact_id for row in connection.execute(_adding("store", "which"), given)}


def count_anew(connection: Connection, workspace_id: WorkspaceId, half_life_days: float) -> int:
    """Count the totals of a workspace from scratch.

    Args:
        connection: a transaction that has its turn, see :func:`take_turn`.
        half_life_days: by which they are counted from now on.

    Returns:
        The number of engagements.
    """
    values = {"workspace_id": str(workspace_id), "half_life_days": half_life_days}
    connection.execute(statement(_SQL, "forget_totals"), values)
    counted: int = connection.execute(_adding("all_again", "how_many"), values).scalar_one()
    connection.execute(statement(_SQL, "counted_anew"), values)
    return counted


def known_contacts(connection: Connection, workspace_id: WorkspaceId, contact_ids: Sequence[str]) -> set[str]:
    """Those of the contacts that the workspace has."""
    given = {"workspace_id": str(workspace_id), "contact_ids": list(contact_ids)}
    return set(connection.execute(statement(_SQL, "known_contacts"), given).scalars())


def _adding(source: str, outcome: str) -> TextClause:
    """The statement that adds up what one source counts."""
    parts = named_statements(_SQL)
    return text("\n".join(parts[each] for each in (source, "add_up", outcome)))
