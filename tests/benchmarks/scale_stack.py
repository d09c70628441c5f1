"""A running Groundwork with more workers and relays than one of each, and what each part uses."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from prefect import get_client
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.events.schemas.automations import EventTrigger
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.events.base import Event
from groundwork.events.inbox import send_many
from tests.benchmarks import applications
from tests.benchmarks.running import cpu_seconds, running_stack
from tests.integration.process import Process
from tests.integration.stack.running import RunningStack
from tests.waiting import wait_until

PARTS = ("gateway", "relay", "worker", "prefect", "postgres")
_ABORTED = re.compile(r"Aborted submission of flow run")


@contextmanager
def scale_stack(variables: Mapping[str, str] | None = None) -> Iterator["ScaleStack"]:
    """The stack with the jobs of :mod:`tests.benchmarks.one_step` and of :mod:`tests.benchmarks.light_jobs`."""
    of_one, of_light = (applications.settings_of(each) for each in (applications.one_step, applications.light))
    both = of_one | {
        "GROUNDWORK_APPLICATIONS": f"{of_one['GROUNDWORK_APPLICATIONS']},{applications.__name__}:light",
        "GROUNDWORK_PROJECT": f"{of_one['GROUNDWORK_PROJECT']},{of_light['GROUNDWORK_PROJECT'].split(',')[1]}",
    }
    with running_stack(both | dict(variables or {})) as stack:
        scale = ScaleStack(stack)
        try:
            yield scale
        finally:
            for each in scale.more:
                each.end()


class ScaleStack:
    """`groundwork up`, and further parts beside its own.

    Args:
        stack: what `up` runs.

    Attributes:
        more: the further parts.
    """

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack
        self.more: list[Process] = []

    def start(self, command: str, *arguments: str) -> Process:
        """Start a further part."""
        log = self.stack.home / f"{command}-{len(self.more)}.log"
        line = self.stack.command(command, "--health-port", "0", *arguments)
        self.more.append(Process(line, self.stack.environment, log))
        return self.more[-1]

    def workers(self, number: int, *arguments: str) -> None:
        """Start workers until there are so many."""
        missing = number - online()
        for _ in range(missing):
            self.start("worker", *arguments)
        wait_until(lambda: online() == number, 180, f"{number} workers to be there")

    def hold_pool(self, limit: int | None) -> None:
        """Bound what all workers hold together, whatever they have places for."""
        with temporary_settings({PREFECT_API_URL: self.stack.api_url}), get_client(sync_client=True) as client:
            client.update_work_pool(WORK_POOL, WorkPoolUpdate(concurrency_limit=limit))

    def automation_starts(self, job: str, *, enabled: bool) -> None:
        """Let events start a job, or the relay alone."""
        with temporary_settings({PREFECT_API_URL: self.stack.api_url}), get_client(sync_client=True) as client:
            [automation] = [
                each
                for each in client.read_automations()
                if isinstance(each.trigger, EventTrigger) and f"'groundwork.job': '{job}'" in str(each.trigger.match)
            ]
            (client.resume_automation if enabled else client.pause_automation)(automation.id)

    def cpu(self) -> dict[str, float]:
        """CPU seconds of each part so far, runs among those of the workers."""
        found = {part: _tree(self.stack.part(part)) for part in PARTS}
        for each in self.more:
            if each.alive:
                part = "relay" if "relay" in " ".join(psutil.Process(each.pid).cmdline()) else "worker"
                found[part] += _tree(psutil.Process(each.pid))
        return {part: cpu_seconds(processes) for part, processes in found.items()}

    def used(self, action: Callable[[], object]) -> tuple[dict[str, float], float]:
        """CPU seconds of each part while something is done, and how long it took."""
        before, began = self.cpu(), time.monotonic()
        action()
        after, seconds = self.cpu(), time.monotonic() - began
        return {part: after[part] - before.get(part, 0.0) for part in after}, seconds

    def aborted(self) -> int:
        """Runs so far that a worker asked for, and another one had."""
        logs: list[Path] = [*self.stack.home.glob("worker-*.log"), *(self.stack.home / "logs").glob("worker.log*")]
        return sum(len(_ABORTED.findall(log.read_text(errors="replace"))) for log in logs)


def online() -> int:
    """Workers that tell of themselves."""
    return int(scalar("SELECT count(*) FROM groundwork.worker WHERE seen_at > clock_timestamp() - interval '10 s'"))


def scalar(sql: str, **parameters: object) -> Any:
    """One value of the inbox."""
    with database().transaction() as connection:
        return connection.execute(text(sql), parameters).scalar()


def send(kind: type[Event], number: int, workspaces: int) -> None:
    """Accept so many events, of so many workspaces."""
    for begin in range(0, number, 10_000):
        send_many(
            [
                kind.model_validate({"workspace_id": f"workspace-{each % workspaces}", "number": each})
                for each in range(begin, min(begin + 10_000, number))
            ]
        )


def all_done(kind: type[Event], pause: float = 0.3) -> None:
    """Return when all deliveries of an event type have ended well."""
    left = (
        "SELECT count(*) FROM groundwork.delivery JOIN groundwork.event ON event.id = event_id"
        " WHERE event.name = :name AND state <> 'done'"
    )

    def done() -> bool:
        if scalar(left, name=kind.event_name) == 0:
            return True
        time.sleep(pause)
        return False

    wait_until(done, 1_800, f"all deliveries of {kind.event_name} to end")


def forget(kinds: Sequence[type[Event]]) -> None:
    """Delete what there is of event types, and have PostgreSQL's statistics fit."""
    with database().transaction() as connection:
        connection.execute(
            text("DELETE FROM groundwork.event WHERE name = ANY(:names)"),
            {"names": [each.event_name for each in kinds]},
        )
    with database().engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE groundwork.delivery, groundwork.event, groundwork.step_execution"))


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]
