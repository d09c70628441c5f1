"""DBOS: a workflow of steps, its results kept by the system database."""

import os
import signal
import sys
import threading
import time

import record
from dbos import DBOS, DBOSClient, run_dbos_database_migrations

# The least that its documentation speaks of; 1 s by default.
_POLL_SECONDS = 0.1
_QUEUE = "bench"


@DBOS.step()
def small(number: int, part: int) -> int:
    if part == 0:
        record.begin(number)
    return number + part


@DBOS.workflow()
def work(number: int, steps: int) -> int:
    result = sum(small(number, part) for part in range(steps))
    record.end(number)
    return result


def enqueue(url: str, steps: int, number: int, seconds: float) -> None:
    """Fill the queue, one in a transaction: the client has no other way."""
    client = DBOSClient(system_database_url=url)
    began = time.perf_counter()
    for each in range(number):
        client.enqueue({"workflow_name": work.__qualname__, "queue_name": _QUEUE}, each, steps)
        record.pause(range(each, each + 1), seconds)
    record.tell_enqueued(time.perf_counter() - began)
    client.destroy()


def work_on(url: str, places: int) -> None:
    """Work until SIGTERM."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    DBOS(
        config={
            "name": "peer",
            "system_database_url": url,
            "log_level": "ERROR",
            "max_executor_threads": places * 2,
            "executor_id": str(os.getpid()),
        }
    )
    DBOS.launch()
    cpu = time.process_time()
    DBOS.register_queue(_QUEUE, worker_concurrency=places, polling_interval_sec=_POLL_SECONDS)
    ended.wait()
    record.tell_worked(time.process_time() - cpu)
    DBOS.destroy()


if __name__ == "__main__":
    command, url, *rest = sys.argv[1:]
    if command == "install":
        run_dbos_database_migrations(system_database_url=url)
    elif command == "enqueue":
        enqueue(url, int(rest[0]), int(rest[1]), float(rest[3]))
    else:
        work_on(url, int(rest[0]))
