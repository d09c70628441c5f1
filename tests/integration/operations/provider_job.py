"""A job whose steps call a provider, and stay with it until they are let go.

Run as ``python -m tests.integration.operations.provider_job DELIVERY_ID`` it is a worker's process.
"""

import sys
import threading
from pathlib import Path
from uuid import UUID

from groundwork.events.base import Event
from groundwork.flows.job import job
from groundwork.tasks.step import step


class CallsWanted(Event, name="test/calls.wanted"):
    calls: int
    folder: str | None = None


class Provider:
    """How many calls there are at once, by workspace, and until when they last."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.active: dict[str, int] = {}
        self.peak: dict[str, int] = {}
        self.let_go: dict[str, threading.Event] = {}

    def call(self, workspace: str) -> None:
        with self.lock:
            self.active[workspace] = self.active.get(workspace, 0) + 1
            self.peak[workspace] = max(self.peak.get(workspace, 0), self.active[workspace])
        assert self.let_go.setdefault(workspace, threading.Event()).wait(60)
        with self.lock:
            self.active[workspace] -= 1


provider = Provider()


@step(provider=True, retries=0)
def call_provider(workspace: str, number: int, folder: str | None) -> int:
    if folder:
        (Path(folder) / "inside").touch()
    provider.call(workspace)
    return number


@job(on=CallsWanted, lane=5)
def provider_job(event: CallsWanted) -> list[int]:
    calls = [call_provider.submit(event.workspace_id, number, event.folder) for number in range(event.calls)]
    return [call.result() for call in calls]


if __name__ == "__main__":
    provider_job(delivery_id=UUID(sys.argv[1]))
