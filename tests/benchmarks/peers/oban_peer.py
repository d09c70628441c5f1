"""Oban for Python without its paid part: a worker; five steps are five jobs, each enqueued by the one before it."""

import asyncio
import signal
import sys
import time

import record
import uvloop
from oban import Oban, worker
from oban.schema import install as install_schema

_QUEUE = "bench"


@worker(queue=_QUEUE)
class Small:
    async def process(self, job) -> None:
        number, part, steps = job.args["number"], job.args["part"], job.args["steps"]
        if part == 0:
            record.begin(number)
        if part + 1 < steps:
            await Small.enqueue({"number": number, "part": part + 1, "steps": steps})
        else:
            record.end(number)


async def install(url: str) -> None:
    """Make its tables."""
    pool = await Oban.create_pool(url)
    await install_schema(pool)
    await pool.close()


async def enqueue(url: str, steps: int, chunks: list[range], seconds: float) -> None:
    """Enqueue jobs, so many in a transaction."""
    pool = await Oban.create_pool(url)
    async with Oban(pool=pool) as oban:
        began = time.perf_counter()
        for chunk in chunks:
            jobs = [Small.new({"number": each, "part": 0, "steps": steps}) for each in chunk]
            await (oban.enqueue(jobs[0]) if len(jobs) == 1 else oban.enqueue_many(jobs))
            record.pause(chunk, seconds)
        record.tell_enqueued(time.perf_counter() - began)
    await pool.close()


async def work_on(url: str, places: int) -> None:
    """Work until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    pool = await Oban.create_pool(url, max_size=max(places, 10))
    async with Oban(pool=pool, queues={_QUEUE: places}):
        cpu = time.process_time()
        await ended.wait()
        record.tell_worked(time.process_time() - cpu)
    await pool.close()


if __name__ == "__main__":
    command, url, *rest = sys.argv[1:]
    if command == "install":
        uvloop.run(install(url))
    elif command == "enqueue":
        chunks = record.numbered(int(rest[1]), int(rest[2]))
        uvloop.run(enqueue(url, int(rest[0]), chunks, float(rest[3])))
    else:
        uvloop.run(work_on(url, int(rest[0])))
