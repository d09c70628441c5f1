"""Spans of what the inbox knows: an event that was accepted, a delivery that has ended, an attempt, a step."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from groundwork.blocks.errors import ControlFlow, Suspended
from groundwork.blocks.tracing import is_traced, record_span, traced, traced_within

if TYPE_CHECKING:
    from groundwork.events.inbox.attempt import Attempt

_TIMED = 7
"""Version of an id that has the time in it at which it was made."""


def trace_accepted(row: Mapping[str, Any]) -> None:
    """Record an event as accepted, as its row in the inbox has it. Whoever rolls back has recorded it in vain."""
    if not is_traced():
        return
    attributes = {"groundwork.event": row["name"], "groundwork.event_id": str(row["id"]),
                  "groundwork.workspace": row["workspace_id"], "groundwork.source": row["source"]}  # fmt: skip
    record_span(
        f"send {row['name']}",
        attributes,
        trace=row["correlation_id"],
        number=row["id"],
        parent=row["causation_id"],
        began_ns=time.time_ns(),
    )


@contextmanager
def traced_attempt(attempt: "Attempt") -> Iterator[None]:
    """Record a run's attempt, and the deliveries that end with it."""
    if not is_traced():
        yield
        return
    failed, ended = False, True
    try:
        with traced(
            f"run {attempt.job}",
            _attributes(attempt) | {"groundwork.deliveries": len(attempt.members)},
            trace=attempt.correlation_id,
            parent=attempt.delivery_id,
        ):
            yield
    except (ControlFlow, Suspended):
        ended = False
        raise
    except Exception:
        failed = True
        raise
    finally:
        if ended:
            _record_deliveries(attempt, failed=failed)


@contextmanager
def traced_step(attempt: "Attempt", step: str) -> Iterator[None]:
    """Record one try of a step."""
    if not is_traced():
        yield
        return
    with traced_within(f"step {step}", _attributes(attempt) | {"groundwork.step": step}):
        yield


def _record_deliveries(attempt: "Attempt", *, failed: bool) -> None:
    """Each in the trace of its own chain; the run that a batch shares is in that of the first."""
    for member in attempt.members:
        record_span(
            f"deliver {attempt.job}",
            _attributes(attempt)
            | {
                "groundwork.event": member.event.event_name,
                "groundwork.event_id": str(member.event_id),
                "groundwork.delivery_id": str(member.delivery_id),
                "groundwork.correlation_id": str(member.correlation_id),
            },
            trace=member.correlation_id,
            number=member.delivery_id,
            parent=member.event_id,
            began_ns=_made_at(member.event_id),
            failed=failed,
        )


def _attributes(attempt: "Attempt") -> dict[str, str | int]:
    return {
        "groundwork.workspace": attempt.workspace_id,
        "groundwork.job": attempt.job,
        "groundwork.delivery_id": str(attempt.delivery_id),
        "groundwork.attempt": attempt.token,
        "groundwork.correlation_id": str(attempt.correlation_id),
    }


def _made_at(event_id: UUID) -> int:
    """When an event was accepted, in nanoseconds since 1970; now, where its sender has chosen its id."""
    return (event_id.int >> 80) * 1_000_000 if event_id.version == _TIMED else time.time_ns()
