"""``groundwork status``."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundwork.blocks.words import printable
from groundwork.deployments.commands.ids import digits_of, resolved, whole_id
from groundwork.deployments.commands.options import HomeOption, JsonOption, client_of

if TYPE_CHECKING:
    from uuid import UUID

    from groundwork.events.client import GatewayClient
    from groundwork.events.inbox import DeliveryStatus, EventStatus
    from groundwork.events.inbox.status import AttemptError, StepStatus

_MOST_STEPS = 50
"""Steps of a light run that are shown, the last ones; --json has more."""
_LONGEST_RESULT = 500
"""Characters of a job's result that are shown; --json has all of them."""


def status(
    event_id: Annotated[
        str, typer.Argument(help="The id that the event was accepted with, or of a delivery of it, or how it begins.")
    ],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what became of an event. Exit code 1 if a delivery has failed, or if there is no such event.

    Example:

      groundwork status 0199f0c2
    """
    digits = digits_of(event_id)
    tell_status(_status(client_of(home), digits), as_json=as_json)


def tell_status(found: "EventStatus", *, as_json: bool) -> None:
    """Print what became of an event.

    Raises:
        typer.Exit: a delivery has failed.
    """
    print(found.model_dump_json(by_alias=True) if as_json else "\n".join(lines_of_status(found)))
    if any(each.state == "failed" for each in found.deliveries):
        raise typer.Exit(1)


def _status(client: "GatewayClient", digits: str) -> "EventStatus":
    """The status, from the gateway. The database is only asked which event a beginning or a delivery's id means."""
    from httpx import HTTPError
    from sqlalchemy.exc import SQLAlchemyError

    from groundwork.events.client import NotFound

    id = whole_id(digits)
    if id is None:
        event = _event_of(digits)
        if event is None:
            raise NotFound(f"there is no event whose id begins with {digits!r}")
        return client.status(event)
    try:
        return client.status(id)
    except NotFound as unknown:
        try:
            event = _event_of(digits)
        except (SQLAlchemyError, HTTPError):  # a sender's machine, which has no business in database or Prefect
            raise unknown from None
        if event is None or event == id:
            raise
        return client.status(event)


def _event_of(digits: str) -> "UUID | None":
    from groundwork.blocks.database import database
    from groundwork.events.inbox.short_ids import events_with_prefix

    with database().transaction() as connection:
        return resolved(connection, digits, events_with_prefix)


def lines_of_status(found: "EventStatus") -> list[str]:
    """What became of an event, for people."""
    head = [
        f"{found.name}  {found.id}",
        f"workspace {found.workspace_id}, accepted {found.accepted_at:%Y-%m-%d %H:%M:%S} UTC",
    ]
    if found.unknown:
        return [*head, "no event type has its name: it is kept until there is one (groundwork events replay)"]
    if not found.deliveries:
        return [*head, "no job listens to it"]
    return head + [line for each in found.deliveries for line in _delivery_lines(each, found)]


def _delivery_lines(delivery: "DeliveryStatus", found: "EventStatus") -> list[str]:
    lines = [f"{delivery.job}: {delivery.state}, attempt {delivery.attempt}"]
    if delivery.progress and not delivery.ended:
        lines.append("  progress " + ", ".join(f"{name} {value}" for name, value in delivery.progress.items()))
    lines += [
        f"  {stage[:-2]:<16} +{(moment - found.accepted_at).total_seconds():.2f} s"
        for stage, moment in delivery.trace.items()
    ]
    lines += [f"  {_step_line(each)}" for each in delivery.steps[-_MOST_STEPS:]]
    if delivery.waits_for:
        lines.append(f"  waits: {printable(delivery.waits_for)}")
        if delivery.not_before and delivery.state == "scheduled":
            lines.append(f"  until  {delivery.not_before:%Y-%m-%d %H:%M:%S %Z} at the latest")
    lines += [f"  {_error_line(each)}" for each in delivery.errors]
    told = {delivery.waits_for, *(each.error for each in delivery.errors)}
    if delivery.last_error and delivery.last_error not in told:
        lines.append(f"  last error: {printable(delivery.last_error)}")
    if delivery.state == "done" and delivery.result is not None:
        lines.append(f"  result: {_shown(delivery.result)}")
    return lines


def _error_line(error: "AttemptError") -> str:
    which = f"attempt {error.attempt}" if error.attempt else "no attempt"
    return f"{which} at {error.at:%Y-%m-%d %H:%M:%S %Z}: {printable(error.error)}"


def _step_line(step: "StepStatus") -> str:
    took = (step.ended_at - step.began_at).total_seconds()
    tries = f", {step.tries} tries" if step.tries > 1 else ""
    attempt = f", attempt {step.attempt}" if step.attempt > 1 else ""
    failed = f": {printable(step.error)}" if step.error else ""
    return f"step {step.step:<24} {took:.3f} s{tries}{attempt}{failed}"


def _shown(result: Any) -> str:
    text = json.dumps(result, ensure_ascii=False)
    return printable(text if len(text) <= _LONGEST_RESULT else f"{text[:_LONGEST_RESULT]} … (--json has all)")
