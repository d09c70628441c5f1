"""A job of five steps that records each execution, and whose fifth step fails as long as a file is there.

Run as ``python -m tests.integration.jobs.five_steps DELIVERY_ID`` it is a worker's process.
"""

import os
import sys
from pathlib import Path
from uuid import UUID

from groundwork.blocks.errors import Interrupted, NonRetriable, RetryAfter, StaleAttempt
from groundwork.events.base import Event
from groundwork.flows.job import job
from groundwork.tasks.step import step


class StepsWanted(Event, name="test/steps.wanted"):
    folder: str


def executions(folder: Path) -> list[str]:
    log = folder / "executions"
    return log.read_text().split() if log.exists() else []


def _record(folder: str, what: str) -> None:
    with (Path(folder) / "executions").open("a") as log:
        log.write(f"{what}\n")


@step(first_delay=0.01)
def numbered(folder: str, number: int) -> int:
    _record(folder, str(number))
    return number * 10


@step(retries=2, first_delay=0.01)
def fifth(folder: str) -> int:
    _record(folder, "5")
    trouble = Path(folder) / "trouble"
    if trouble.exists():
        kind = trouble.read_text()
        if kind == "once":
            trouble.unlink()
        if kind == "input":
            raise NonRetriable("the input is wrong")
        if kind == "stale":
            raise StaleAttempt
        if kind == "interrupted":
            raise Interrupted
        if kind == "busy":
            trouble.unlink()
            raise RetryAfter("the provider is busy", seconds=0.5)
        if kind == "kill":
            os.kill(os.getpid(), 9)
        raise ConnectionError("the provider is away")
    return 50


@job(on=StepsWanted, lane=5)
def five_steps(event: StepsWanted) -> int:
    return sum(numbered(event.folder, number) for number in range(1, 5)) + fifth(event.folder)


if __name__ == "__main__":
    print(five_steps(delivery_id=UUID(sys.argv[1])))
