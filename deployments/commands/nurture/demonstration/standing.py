"""How a demo stands, as the application's tables have it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.nurture.sequences.mailing import due_mails

_SQL = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True)
class Standing:
    """How far a demo has come, in contacts.

    Attributes:
        in_crm: those whose sequence the CRM has.
        first_mails: those whom the first mail has reached.
        not_cold: those whose score is warm or hot.
        bands_in_crm: those of whom the CRM knows that.
    """

    categorised: int = 0
    written: int = 0
    in_crm: int = 0
    first_mails: int = 0
    scored: int = 0
    not_cold: int = 0
    bands_in_crm: int = 0


@dataclass(frozen=True)
class OfCategory:
    """What has become of the contacts of a category."""

    category: str
    contacts: int
    sequences: int
    in_crm: int
    first_mails: int


@dataclass(frozen=True)
class OfSource:
    """How many sequences come from somewhere, and why not from where the agency wants them."""

    source: str
    fallback_reason: str | None
    sequences: int


@dataclass(frozen=True)
class Lead:
    """The lead with the highest score, and its sequence."""

    contact_id: str
    name: str
    category: str
    score: Decimal
    sequence_id: UUID


@dataclass(frozen=True)
class Mail:
    """A mail of a sequence, and when it is due."""

    number: int
    subject: str
    body: str
    sent_at: datetime | None
    due_at: datetime


def standing(connection: Connection, workspace_id: WorkspaceId) -> Standing:
    """How far the demo of a workspace has come."""
    return Standing(**_rows(connection, "standing", workspace_id=workspace_id)[0])


def mailed(connection: Connection, workspace_id: WorkspaceId, most: int) -> list[str]:
    """Contacts whom the first mail has reached, in the order in which it did."""
    return [each["contact_id"] for each in _rows(connection, "mailed", workspace_id=workspace_id, most=most)]


def by_category(connection: Connection, workspace_id: WorkspaceId) -> list[OfCategory]:
    """What has become of the contacts, by category."""
    return [OfCategory(**each) for each in _rows(connection, "by_category", workspace_id=workspace_id)]


def by_source(connection: Connection, workspace_id: WorkspaceId) -> list[OfSource]:
    """From where the sequences come."""
    return [OfSource(**each) for each in _rows(connection, "by_source", workspace_id=workspace_id)]


def by_band(connection: Connection, workspace_id: WorkspaceId) -> dict[str, int]:
    """How many leads are in each band, the hot ones first."""
    return {each["band"]: each["leads"] for each in _rows(connection, "by_band", workspace_id=workspace_id)}


def hottest(connection: Connection, workspace_id: WorkspaceId) -> Lead | None:
    """The lead with the highest score; None before there is a score."""
    return next((Lead(**each) for each in _rows(connection, "hottest", workspace_id=workspace_id)), None)


def mails_of(connection: Connection, workspace_id: WorkspaceId, sequence_id: UUID) -> list[Mail]:
    """The mails of a sequence in their order."""
    due = {each.number: each.due_at for each in due_mails(connection, workspace_id, sequence_id)}
    return [Mail(**each, due_at=due[each["number"]]) for each in _rows(connection, "mails", sequence_id=sequence_id)]


def _rows(connection: Connection, name: str, **values: Any) -> Sequence[Any]:
    return connection.execute(statement(_SQL, name), values).mappings().all()
