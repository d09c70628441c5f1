"""Watching a demo until all of it has come through, or something has failed."""

import time
from collections.abc import Callable

from groundwork.blocks.database import database
from groundwork.deployments.commands.bars import Bars
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox.dead_letters import dead_letters

PATIENCE = 180.0
"""Seconds in which something has to come further, or the demo has failed."""
_PAUSE = 0.25
"""Seconds between two looks; what the seconds of a report are exact to."""


def watch_demo(bars: Bars, workspace_id: WorkspaceId, look: Callable[[], object]) -> str | None:
    """Look again and again until the bars are complete.

    Args:
        workspace_id: the demo's own.
        look: updates the bars, and does what is due at a point of the course. Gives what has to change within
            :data:`PATIENCE`.

    Returns:
        What went wrong, in words: a delivery has failed for good, or nothing comes further. None: all is there.
    """
    last: object = None
    moved_at = time.monotonic()
    while not bars.complete:
        with database().transaction() as connection:
            dead = dead_letters(connection, workspace_id=workspace_id, most=1)
        if dead:
            return f"{dead[0].job}: {dead[0].last_error}"
        now = look()
        if now != last:
            last, moved_at = now, time.monotonic()
        elif time.monotonic() - moved_at > PATIENCE:
            return f"nothing has come further for {PATIENCE:.0f} s; `groundwork lanes` says what waits for what"
        time.sleep(_PAUSE)
    return None
