"""What becomes of each request of a batch."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.nurture.sequences.record import Request
from groundwork.tasks.nurture.sequences.written import Written


class SequenceNotMade(NonRetriable):
    """No sequence could be made. Mend what the message says, then `groundwork dead replay`."""


class Outcome(BaseModel):
    """What became of one request; nothing of it is said where the model could not be asked.

    Attributes:
        sequence_id: of the sequence that is stored.
        source: builtin, template or model; None where it was stored before.
        fallback_reason: why it is not from where the agency wants it.
        skipped: why there is none.
        error: why none could be made.
    """

    sequence_id: UUID | None = None
    source: str | None = None
    fallback_reason: str | None = None
    skipped: str | None = None
    error: str | None = None


def outcomes_of(
    requests: Sequence[Request], stored: Sequence[Outcome], written: Mapping[str, Written | Exception]
) -> list[Any]:
    """What the job gives for each event: a result, or an exception, which makes a dead letter of that one alone."""
    return [
        _outcome(outcome, written.get(f"contact:{each.contact_id}"))
        for each, outcome in zip(requests, stored, strict=True)
    ]


def _outcome(outcome: Outcome, written: Written | Exception | None) -> Any:
    said = outcome.model_dump(mode="json", exclude_none=True)
    if outcome.error:
        return SequenceNotMade(outcome.error)
    return said if said or not isinstance(written, Exception) else written
