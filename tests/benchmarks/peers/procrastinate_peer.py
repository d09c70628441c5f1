"""Procrastinate: a task; it has no steps, so that five steps are five jobs, each deferred by the one before it."""

import asyncio
import logging
import sys
import time

import record
from procrastinate import App, PsycopgConnector

# One for each place, as its documentation says, and those that fetch and listen.
_CONNECTIONS_BESIDE_PLACES = 3


def app_of(url: str, places: int = 1) -> App:
    """The application, connected to nothing yet."""
    return App(connector=PsycopgConnector(conninfo=url, max_size=places + _CONNECTIONS_BESIDE_PLACES))


def task_of(app: App):
    """Register the task with an application."""

    @app.task(name="small")
    async def small(number: int, part: int, steps: int) -> int:
        if part == 0:
            record.begin(number)
        if part + 1 < steps:
            await small.defer_async(number=number, part=part + 1, steps=steps)
        else:
            record.end(number)
        return number + part

    return small


async def install(url: str) -> None:
    """Make its tables."""
    app = app_of(url)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def enqueue(url: str, steps: int, chunks: list[range], seconds: float) -> None:
    """Defer jobs, so many in a transaction."""
    app = app_of(url)
    small = task_of(app)
    async with app.open_async():
        began = time.perf_counter()
        for chunk in chunks:
            jobs = [{"number": each, "part": 0, "steps": steps} for each in chunk]
            await (small.defer_async(**jobs[0]) if len(jobs) == 1 else small.batch_defer_async(*jobs))
            record.pause(chunk, seconds)
        record.tell_enqueued(time.perf_counter() - began)


async def work_on(url: str, places: int) -> None:
    """Work until SIGTERM."""
    app = app_of(url, places)
    task_of(app)
    async with app.open_async():
        cpu = time.process_time()
        await app.run_worker_async(concurrency=places)
        record.tell_worked(time.process_time() - cpu)


if __name__ == "__main__":
    # It warns of an application in the main module, which here is the only one.
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    command, url, *rest = sys.argv[1:]
    if command == "install":
        asyncio.run(install(url))
    elif command == "enqueue":
        chunks = record.numbered(int(rest[1]), int(rest[2]))
        asyncio.run(enqueue(url, int(rest[0]), chunks, float(rest[3])))
    else:
        asyncio.run(work_on(url, int(rest[0])))
