"""A job whose calls to a provider last until they are let go, in processes that can be killed one by one.

Run as ``python -m tests.integration.operations.held_calls`` it reads ids of deliveries, and has one process for each.
"""

import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.context import TaskRunContext

from groundwork.events.base import Event
from groundwork.flows.job import job
from groundwork.tasks.step import step
from tests.waiting import wait_until

LONGEST_CALL = 60.0


class HeldCallWanted(Event, name="test/held-call.wanted"):
    name: str
    folder: str


@step(provider=True, retries=0)
def hold_call(name: str, folder: str) -> str:
    context = TaskRunContext.get()
    assert context is not None
    begun = {"pid": os.getpid(), "task_run_id": str(context.task_run.id), "at": time.monotonic()}
    _note(Path(folder, f"{name}.begun"), begun)
    wait_until(Path(folder, f"{name}.let-go").exists, LONGEST_CALL)
    _note(Path(folder, f"{name}.ended"), {"at": time.monotonic()})
    return name


@job(on=HeldCallWanted, lane=10)
def held_calls(event: HeldCallWanted) -> str:
    return hold_call(event.name, event.folder)


def _note(path: Path, content: dict[str, object]) -> None:
    """Write a file that is whole once it is there."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(content))
    unfinished.replace(path)


@dataclass(frozen=True)
class HeldCalls:
    """The calls as seen from outside.

    Attributes:
        folder: where they note their begin and end (seconds of the machine's monotonic clock).
    """

    folder: Path

    def inside(self) -> set[str]:
        """Who has begun and not ended; one that was killed in between stays inside."""
        return {path.stem for path in self.folder.glob("*.begun") if not path.with_suffix(".ended").exists()}

    def begun(self, name: str) -> dict[str, Any]:
        """Process, task run and time of a call that has begun."""
        return dict(json.loads(Path(self.folder, f"{name}.begun").read_text()))

    def ended(self, name: str) -> dict[str, Any]:
        """Time of a call that has ended."""
        return dict(json.loads(Path(self.folder, f"{name}.ended").read_text()))

    def let_go(self, name: str) -> None:
        """Let a call end, or one that has not begun yet end at once."""
        Path(self.folder, f"{name}.let-go").touch()


def _run_what_is_asked_for() -> None:
    """Run the job of each delivery named on a line of standard input, each in a child process."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            held_calls(delivery_id=UUID(line.strip()))
            os._exit(0)


if __name__ == "__main__":
    _run_what_is_asked_for()
