"""An async job whose steps write down that they ran, and that has one trouble at a time.

Run as ``python -m tests.integration.jobs.async_job DELIVERY_ID`` it is a worker's process.
"""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, text

from groundwork.blocks.errors import Interrupted, NonRetriable, RetryAfter, StaleAttempt
from groundwork.events.base import Event
from groundwork.events.inbox import send
from groundwork.flows.job import job
from groundwork.tasks.step import step


class ScoresWanted(Event, name="test/scores.wanted"):
    folder: str


class ScoreMade(Event, name="test/score.made"):
    number: int


def note(folder: str, what: str) -> None:
    with (Path(folder) / "executions").open("a") as log:
        log.write(f"{what}\n")


def executions(folder: Path) -> list[str]:
    log = folder / "executions"
    return log.read_text().split() if log.exists() else []


def trouble_of(folder: str) -> str:
    trouble = Path(folder) / "trouble"
    return trouble.read_text() if trouble.exists() else ""


@step(first_delay=0.01)
async def score(folder: str, number: int) -> int:
    note(folder, f"score-{number}")
    await asyncio.sleep(0.3)
    return number * 10


@step(retries=2, first_delay=0.01)
async def announce(event: ScoresWanted, number: int) -> None:
    """Sends, and then fails once."""
    note(event.folder, "announce")
    send(ScoreMade(workspace_id=event.workspace_id, number=number))
    mark = Path(event.folder) / "announced"
    if not mark.exists():
        mark.touch()
        raise ConnectionError("the announcement was sent, and its answer lost")


@step(ledger=True)
def write_down(connection: Connection, number: int) -> int:
    return connection.execute(text("SELECT CAST(:number AS integer)"), {"number": number}).scalar_one()


@step(retries=2, first_delay=0.01)
async def last(folder: str) -> int:
    note(folder, "last")
    trouble = trouble_of(folder)
    await asyncio.sleep(0)
    match trouble:
        case "once":
            (Path(folder) / "trouble").unlink()
            raise ConnectionError("the provider is away")
        case "busy":
            (Path(folder) / "trouble").unlink()
            raise RetryAfter("the provider is busy", seconds=0.5)
        case "always":
            raise ConnectionError("the provider is away")
        case "input":
            raise NonRetriable("the input is wrong")
        case "stale":
            raise StaleAttempt
        case "interrupted":
            raise Interrupted
        case "exit":
            sys.exit(3)
        case "kill":
            os.kill(os.getpid(), 9)
        case "hang":
            await asyncio.sleep(600)
    return 7


@job(on=ScoresWanted, lane=5)
async def make_scores(event: ScoresWanted) -> int:
    scores = await asyncio.gather(*(score(event.folder, number) for number in range(1, 4)))
    await announce(event, sum(scores))
    return write_down(sum(scores)) + await last(event.folder)


if __name__ == "__main__":
    print(make_scores(delivery_id=UUID(sys.argv[1])))
