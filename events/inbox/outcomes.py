"""What deliveries end with, in the form in which the inbox settles them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from groundwork.blocks.database import database
from groundwork.blocks.errors import NotStorable
from groundwork.blocks.schema.states import DeliveryState
from groundwork.blocks.storable import error_text
from groundwork.blocks.verdict import verdict_of
from groundwork.events.inbox.storing import stored_json

_LARGEST_DOCUMENT = 50_000_000
"""Characters of outcomes that one statement takes. PostgreSQL's JSONB ends at 255 MB, and memory before that."""


@dataclass(frozen=True)
class Outcome:
    """What one delivery ends with.

    Attributes:
        document: the outcome as the statement ``settle`` reads it, in JSON.
    """

    delivery_id: UUID
    state: DeliveryState
    document: str

    @classmethod
    def of(cls, delivery_id: UUID, outcome: Any) -> Self:
        """A result, or an error: that of the job, or that the result cannot be stored, with the place in it."""
        if not isinstance(outcome, BaseException):
            try:
                result = stored_json(outcome, "the result", "result")
            except NotStorable as error:
                outcome = error
            else:
                head = json.dumps({"id": str(delivery_id), "state": "done"})
                return cls(delivery_id, DeliveryState.DONE, f'{head[:-1]}, "result": {result}}}')
        failed = {"id": str(delivery_id), "state": "failed", "last_error": error_text(outcome)}
        return cls(delivery_id, DeliveryState.FAILED, json.dumps(failed))


def documents(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The outcomes in order, as lists in JSON of a size that PostgreSQL takes."""
    group: list[str] = []
    size = 0
    for each in outcomes:
        if group and size + len(each.document) > _LARGEST_DOCUMENT:
            yield f"[{','.join(group)}]"
            group, size = [], 0
        group.append(each.document)
        size += len(each.document)
    yield f"[{','.join(group)}]"


def without_refused(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes, where those that PostgreSQL refuses for good are failures that say so."""
    return [each if (error := _refusal(each)) is None else Outcome.of(each.delivery_id, error) for each in outcomes]


def _refusal(outcome: Outcome) -> NotStorable | None:
    try:
        with database().transaction() as connection:
            connection.execute(text("SELECT CAST(:document AS jsonb) IS NULL"), {"document": outcome.document})
    except DBAPIError as error:
        verdict = verdict_of(error)
        if verdict is None or not verdict.of_values:
            raise
        return NotStorable(f"the result cannot be stored: PostgreSQL refuses it for good: {verdict}")
    return None
