"""``groundwork status``."""

from typing import Annotated
from uuid import UUID

import typer

from deployments.commands.options import HomeOption, JsonOption, client_of
from events.inbox import DeliveryStatus, EventStatus


def status(
    event_id: Annotated[UUID, typer.Argument(help="The id that the event was accepted with.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what became of an event. Exit code 1 if a delivery has failed.

    Example:

      groundwork status 0199f0c2-7c1e-7d4a-a5d1-3f0c8a6d2b11
    """
    found = client_of(home).status(event_id)
    if as_json:
        print(found.model_dump_json(by_alias=True))
    else:
        print("\n".join(_lines(found)))
    if any(each.state == "failed" for each in found.deliveries):
        raise typer.Exit(1)


def _lines(found: EventStatus) -> list[str]:
    head = [
        f"{found.name}  {found.id}",
        f"workspace {found.workspace_id}, accepted {found.accepted_at:%Y-%m-%d %H:%M:%S} UTC",
    ]
    if not found.deliveries:
        return [*head, "no job listens to it"]
    return head + [line for each in found.deliveries for line in _delivery_lines(each, found)]


def _delivery_lines(delivery: DeliveryStatus, found: EventStatus) -> list[str]:
    lines = [f"{delivery.job}: {delivery.state}, attempt {delivery.attempt}"]
    if delivery.progress and not delivery.ended:
        lines.append("  progress " + ", ".join(f"{name} {value}" for name, value in delivery.progress.items()))
    lines += [
        f"  {stage[:-2]:<16} +{(moment - found.accepted_at).total_seconds():.2f} s"
        for stage, moment in delivery.trace.items()
    ]
    if delivery.last_error:
        lines.append(f"  last error: {delivery.last_error}")
    return lines
