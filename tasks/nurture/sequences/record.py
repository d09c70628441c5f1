"""Sequences as they are stored."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from groundwork.blocks.sql import statement
from groundwork.blocks.uuid7 import uuid7
from groundwork.events.nurture.contacts import Category
from groundwork.events.nurture.sequences import SequenceWanted

_SQL = Path(__file__).with_suffix(".sql")


class Request(BaseModel):
    """A sequence that is wanted."""

    model_config = ConfigDict(frozen=True)

    contact_id: str
    category: Category
    categorised_at: datetime


def requests_of(events: Sequence[SequenceWanted]) -> list[Request]:
    """What the events ask for, in their order."""
    return [
        Request(contact_id=each.contact_id, category=each.category, categorised_at=each.categorised_at)
        for each in events
    ]


class Addressee(BaseModel):
    """A contact for whom a sequence is wanted, as far as writing needs it.

    Attributes:
        skipped: why none is to be written; None where one is.
        sequence_id: of the one that is stored already.
    """

    model_config = ConfigDict(frozen=True)

    contact_id: str
    first_name: str | None
    skipped: str | None
    sequence_id: UUID | None


class Mail(BaseModel):
    """A mail with its greeting and signature."""

    model_config = ConfigDict(frozen=True)

    subject: str
    body: str
    send_after_days: int


class NewSequence(BaseModel):
    """A sequence that is to be stored; what each field means stands at ``nurture.sequence``."""

    model_config = ConfigDict(frozen=True)

    contact_id: str
    category: Category
    categorised_at: datetime
    source: Literal["builtin", "template", "model"]
    fallback_reason: str | None
    template_id: UUID | None
    voice_version: int
    prompt_version: str
    model: str | None
    tokens_in: int
    tokens_out: int
    cost_micros: int
    attempts: int
    mails: tuple[Mail, ...]


def addressees(connection: Connection, workspace_id: str, requests: Sequence[Request]) -> list[Addressee]:
    """The contact of each request, in their order, and whether a sequence is to be written for it."""
    values = {
        "workspace_id": workspace_id,
        "requests": json.dumps([each.model_dump(mode="json") | {"place": n} for n, each in enumerate(requests)]),
    }
    return [Addressee(**row) for row in connection.execute(statement(_SQL, "addressees"), values).mappings()]


def names_of_others(connection: Connection, workspace_id: str, contact_id: str, text: str) -> list[str]:
    """Full names of other contacts of the workspace that stand in a text."""
    values = {"workspace_id": workspace_id, "contact_id": contact_id, "text": text}
    return list(connection.execute(statement(_SQL, "names_of_others"), values).scalars())


def contact_to_write_to(connection: Connection, workspace_id: str, contact_id: str) -> dict[str, str | None]:
    """``first_name`` and ``notes`` of a contact; both None if it is gone."""
    values = {"workspace_id": workspace_id, "contact_id": contact_id}
    row = connection.execute(statement(_SQL, "contact_to_write_to"), values).mappings().first()
    return dict(row) if row else {"first_name": None, "notes": None}


def store(connection: Connection, workspace_id: str, sequences: Sequence[NewSequence]) -> dict[str, UUID]:
    """Store sequences, and stop those that the contacts had before.

    Returns:
        The ids of those that were stored now, by contact. One of the same contact and categorisation stays as it is.
    """
    if not sequences:
        return {}
    rows = [each.model_dump(mode="json") | {"id": str(uuid7())} for each in sequences]
    values: dict[str, Any] = {"workspace_id": workspace_id, "sequences": json.dumps(rows)}
    stored: dict[str, UUID] = {
        row.contact_id: row.id for row in connection.execute(statement(_SQL, "store_sequences"), values)
    }
    values["ids"] = [str(each) for each in stored.values()]
    connection.execute(statement(_SQL, "store_mails"), values)
    connection.execute(statement(_SQL, "stop_earlier"), values)
    return stored
