"""The peer that light runs are compared with: DBOS, run by the interpreter of an environment that has it.

``python light_peer.py enqueue URL NUMBER STEPS`` fills a queue. ``python light_peer.py work URL NUMBER PLACES``
empties it and prints JSON: workflows per second from the first step's begin to the last one's end, CPU of this process
for each, and seconds from the enqueueing of one, of an empty queue, to its first step.
"""

import json
import statistics
import sys
import time

from dbos import DBOS, DBOSClient

_POLL_SECONDS = 0.1
_LATENCIES = 100
_QUEUE = "bench"
_begun: dict[int, float] = {}
_ended: dict[int, float] = {}


@DBOS.step()
def small(number: int, part: int) -> int:
    _begun.setdefault(number, time.perf_counter())
    return number + part


@DBOS.workflow()
def work(number: int, steps: int) -> int:
    result = sum(small(number, part) for part in range(steps))
    _ended[number] = time.perf_counter()
    return result


def enqueue(url: str, number: int, steps: int) -> None:
    """Fill the queue."""
    client = DBOSClient(system_database_url=url)
    for each in range(number):
        client.enqueue({"workflow_name": work.__qualname__, "queue_name": _QUEUE}, each, steps)
    client.destroy()


def empty(url: str, number: int, places: int) -> None:
    """Empty the queue, then measure latencies."""
    DBOS(config={"name": "peer", "system_database_url": url, "log_level": "ERROR", "max_executor_threads": places * 2})
    DBOS.launch()
    cpu = time.process_time()
    DBOS.register_queue(_QUEUE, worker_concurrency=places, polling_interval_sec=_POLL_SECONDS)
    while len(_ended) < number:
        time.sleep(0.05)
    cpu = time.process_time() - cpu
    client = DBOSClient(system_database_url=url)
    latencies = []
    for each in range(number, number + _LATENCIES):
        enqueued = time.perf_counter()
        client.enqueue({"workflow_name": work.__qualname__, "queue_name": _QUEUE}, each, 1)
        while each not in _begun:
            time.sleep(0.001)
        latencies.append(_begun[each] - enqueued)
    took = max(_ended[each] for each in range(number)) - min(_begun[each] for each in range(number))
    figures = {
        "per_second": number / took,
        "cpu_ms": cpu / number * 1000,
        "latency_p50": statistics.median(latencies),
        "latency_p99": statistics.quantiles(latencies, n=100)[-1],
    }
    print(json.dumps(figures))
    client.destroy()
    DBOS.destroy()


if __name__ == "__main__":
    what, url, *numbers = sys.argv[1:]
    if what == "enqueue":
        enqueue(url, *map(int, numbers))
    else:
        empty(url, *map(int, numbers))
