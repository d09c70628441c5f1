"""Templates that a model wrote once per brand voice and category, and that a person approves."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from groundwork.blocks.errors import GroundworkError, NonRetriable, UnknownName
from groundwork.blocks.sql import statement
from groundwork.blocks.uuid7 import uuid7
from groundwork.events.inbox import current_attempt
from groundwork.events.nurture.contacts import Category
from groundwork.tasks.nurture.brand_voice import BrandVoice, Tone
from groundwork.tasks.nurture.sequences.draft import Draft, DraftMail
from groundwork.tasks.nurture.sequences.written import Work, Written

_SQL = Path(__file__).with_suffix(".sql")

State = Literal["pending", "approved", "rejected", "discarded"]


class TemplateDecided(GroundworkError):
    """The template is not pending any more. Look at it with `groundwork nurture templates`."""

    exit_code = 1


class Template(BaseModel):
    """A row of ``nurture.template``; what each column means stands there."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    workspace_id: str
    category: Category
    voice_version: int
    tone: Tone
    prompt_version: str
    mails: tuple[DraftMail, ...]
    state: State
    model: str
    tokens_in: int
    tokens_out: int
    cost_micros: int
    attempts: int
    created_at: datetime
    decided_at: datetime | None
    decided_by: str | None

    @property
    def draft(self) -> Draft:
        """Its mails."""
        return Draft(mails=self.mails)


def templates_in_use(connection: Connection, workspace_id: str, voice_version: int) -> dict[Category, Template]:
    """What there is for a brand voice, by category: pending, approved or rejected."""
    values = {"workspace_id": workspace_id, "voice_version": voice_version}
    return {each.category: each for each in _rows(connection, "templates_in_use", values)}


def asked_in_vain(connection: Connection, workspace_id: str, work: Work, voice: BrandVoice) -> bool:
    """Whether another delivery had a model asked for a template within the hour, and none came of it: each batch would
    ask anew."""
    attempt = current_attempt()
    values = {
        "workspace_id": workspace_id,
        "work": work.name_in(voice.version),
        "category": work.category,
        "voice_version": voice.version,
        "delivery_id": attempt.delivery_id if attempt else None,
    }
    return bool(connection.execute(statement(_SQL, "asked_in_vain"), values).scalar_one())


def keep_template(
    connection: Connection, workspace_id: str, category: Category, voice: BrandVoice, *, written: Written
) -> bool:
    """Keep a template that a model wrote, pending until a person has looked at it.

    Returns:
        Whether it is kept; one that came first stays.

    Raises:
        NonRetriable: nothing was written.
    """
    if written.draft is None:
        raise NonRetriable("a template without mails is not kept")
    values = {
        "id": uuid7(),
        "workspace_id": workspace_id,
        "category": category,
        "voice_version": voice.version,
        "tone": voice.tone,
        "mails": json.dumps([each.model_dump() for each in written.draft.mails]),
        **written.model_dump(include={"prompt_version", "model", "tokens_in", "tokens_out", "cost_micros", "attempts"}),
    }
    return connection.execute(statement(_SQL, "keep_template"), values).rowcount == 1


def list_templates(connection: Connection, workspace_id: str | None, state: State | None) -> list[Template]:
    """Templates, the newest first; all workspaces' where none is named."""
    return _rows(connection, "list_templates", {"workspace_id": workspace_id, "state": state})


def find_template(connection: Connection, template_id: UUID) -> Template:
    """One template.

    Raises:
        UnknownName: there is none with this id.
    """
    if found := _rows(connection, "find_template", {"id": template_id}):
        return found[0]
    raise UnknownName(f"there is no template {template_id}; `groundwork nurture templates` lists them")


def decide(connection: Connection, template_id: UUID, state: State, by: str) -> Template:
    """Approve or reject a template that is pending; or discard one, so that another is written.

    Args:
        state: approved; rejected; or discarded, which the next contact of the category has written anew.
        by: who decides.

    Raises:
        UnknownName: there is none with this id.
        TemplateDecided: it is not pending any more.
    """
    values = {"id": template_id, "state": state, "by": by}
    if connection.execute(statement(_SQL, "decide"), values).rowcount:
        return find_template(connection, template_id)
    known = find_template(connection, template_id)
    raise TemplateDecided(f"template {template_id} is {known.state} already, by {known.decided_by or 'nobody'}")


def _rows(connection: Connection, name: str, values: dict[str, Any]) -> list[Template]:
    rows: Sequence[Any] = connection.execute(statement(_SQL, name), values).mappings().all()
    return [Template(**row) for row in rows]
