"""Watching an event until its deliveries have ended."""

import time
from uuid import UUID

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from deployments.client import GatewayClient
from events.inbox import EventStatus

_POLL_SECONDS = 0.25
_REPORT_SECONDS = 2.0
"""Between two lines of progress where the output is no terminal."""


def watch(client: GatewayClient, event_id: UUID, *, quiet: bool = False) -> EventStatus:
    """Show an event's progress on standard error until every delivery has ended.

    Args:
        client: of the gateway that accepted it.
        event_id: the event.
        quiet: show nothing.
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
        line, printed_at = "", time.monotonic()
        while True:
            status = _status(client, event_id)
            if status is not None:
                description, done, total = _progress(status)
                bar.update(shown, description=description, completed=done, total=total or None)
                if not console.is_terminal and description != line and time.monotonic() - printed_at > _REPORT_SECONDS:
                    console.print(f"  {description}" + (f", {100 * done // total} %" if total else ""))
                    line, printed_at = description, time.monotonic()
                if all(delivery.ended for delivery in status.deliveries):
                    return status
            time.sleep(_POLL_SECONDS)


def _status(client: GatewayClient, event_id: UUID) -> EventStatus | None:
    """The status, or None while the gateway is being started again."""
    try:
        return client.status(event_id)
    except httpx.TransportError:
        return None


def _progress(status: EventStatus) -> tuple[str, int, int]:
    for delivery in status.deliveries:
        progress = delivery.progress or {}
        if not delivery.ended:
            rows = f", {progress['rows']:,} rows" if "rows" in progress else ""
            return f"{delivery.job} {delivery.state}{rows}", progress.get("bytes", 0), progress.get("total_bytes", 0)
    return "ended", 1, 1
