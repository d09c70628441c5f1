"""Watching an event until its deliveries have ended."""

import time
from collections.abc import Iterator
from uuid import UUID

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from groundwork.blocks.errors import GroundworkError
from groundwork.blocks.words import counted
from groundwork.events.client import GatewayClient
from groundwork.events.inbox import DeliveryStatus, EventStatus

_FIRST_POLL_SECONDS = 0.25
_LONGEST_POLL_SECONDS = 1.0
_FIRST_REPORT_SECONDS = 2.0
_LONGEST_REPORT_SECONDS = 60.0
"""Between two lines of progress where the output is no terminal. The pauses double: an hour is some 60 lines."""
_PATIENCE_SECONDS = 60.0
"""How long a gateway may be silent. Too low: a restart of it ends the watching."""


class NoJobListens(GroundworkError):
    """The event was accepted, and no job listens to it. Deploy the job (`groundwork up` does), then send it again."""


def only_delivery(status: EventStatus) -> DeliveryStatus:
    """The one delivery of an event that one job is for.

    Raises:
        NoJobListens: there is none.
    """
    if not status.deliveries:
        raise NoJobListens(f"no job listens to {status.name}: deploy it (`groundwork up` does), then send it again")
    return status.deliveries[0]


def watch(client: GatewayClient, event_id: UUID, *, quiet: bool = False) -> EventStatus:
    """Show an event's progress on standard error until every delivery has ended.

    Args:
        client: of the gateway that accepted it.
        event_id: the event.
        quiet: show nothing.

    Raises:
        httpx.TransportError: the gateway was silent for a minute.
    """
    console = Console(stderr=True, quiet=quiet)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
    )
    with bar:
        shown = bar.add_task("accepted", total=None)
        line, report_at, pause_between = "", time.monotonic() + _FIRST_REPORT_SECONDS, _FIRST_REPORT_SECONDS
        for status in _polled(client, event_id):
            description, done, total = _progress(status)
            bar.update(shown, description=description, completed=done, total=total or None)
            if not console.is_terminal and description != line and time.monotonic() > report_at:
                console.print(f"  {description}" + (f", {100 * done // total} %" if total else ""))
                pause_between = min(2 * pause_between, _LONGEST_REPORT_SECONDS)
                line, report_at = description, time.monotonic() + pause_between
            if all(delivery.ended for delivery in status.deliveries):
                return status
    raise AssertionError("unreachable: the polls go on until all has ended")


def _polled(client: GatewayClient, event_id: UUID) -> Iterator[EventStatus]:
    """The status, again and again with growing pauses; a gateway that is being started again is waited for."""
    pause = _FIRST_POLL_SECONDS
    silent_since: float | None = None
    while True:
        try:
            status = client.status(event_id)
        except httpx.TransportError:
            silent_since = silent_since or time.monotonic()
            if time.monotonic() - silent_since > _PATIENCE_SECONDS:
                raise
        else:
            silent_since = None
            yield status
        time.sleep(pause)
        pause = min(1.2 * pause, _LONGEST_POLL_SECONDS)


def _progress(status: EventStatus) -> tuple[str, int, int]:
    for delivery in status.deliveries:
        progress = delivery.progress or {}
        if not delivery.ended:
            rows = f", {counted(progress['rows'], 'row')}" if "rows" in progress else ""
            return f"{delivery.job} {delivery.state}{rows}", progress.get("bytes", 0), progress.get("total_bytes", 0)
    return "ended", 1, 1
