"""A queue that Groundwork is compared with, measured by its own program."""

import json
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.waiting import wait_until

_SECONDS_TO_END = 900
# The first ones find a worker that is still starting.
_WARM_UP = 80


@dataclass(frozen=True)
class Peer:
    """What to install, and how to see that all has ended.

    Attributes:
        name: of its program, and of its databases.
        packages: pinned, as pip takes them.
        left: SQL that counts what has not ended.
        batches: whether it can enqueue several in a transaction by itself.
        places: how many jobs at once are tried; the best counts.
        processes: how many worker processes are tried.
        times: as many jobs of one step as others get, of a peer that ends theirs in a fraction of a second.
    """

    name: str
    packages: tuple[str, ...]
    left: str
    batches: bool
    places: Sequence[int]
    processes: Sequence[int] = (1, 2)
    times: int = 1


PEERS = (
    Peer(
        name="dbos",
        packages=("dbos==3.4.0",),
        left="SELECT count(*) FROM dbos.workflow_status WHERE status IN ('ENQUEUED', 'PENDING')",
        batches=False,
        places=(8, 16, 32),
    ),
    Peer(
        name="procrastinate",
        packages=("procrastinate==3.10.0", "psycopg[binary]"),
        left="SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')",
        batches=True,
        places=(4, 16, 32),
    ),
    Peer(
        name="oban",
        packages=("oban==0.7.0",),
        left="SELECT count(*) FROM oban_jobs WHERE state IN ('available', 'executing', 'scheduled', 'retryable')",
        batches=True,
        places=(10, 50),
        times=10,
    ),
)


class Measured:
    """A peer's program on one database."""

    def __init__(self, peer: Peer, python: str, url: str) -> None:
        """The database is new and empty.

        Args:
            peer: which one.
            python: interpreter of the environment that has it.
            url: of the database, as libpq takes it.
        """
        self._peer = peer
        self._command = (python, str(Path(__file__).with_name(f"{peer.name}_peer.py")))
        self._url = url
        self._run("install")

    def enqueue(self, steps: int, number: int, batch: int, pause: float = 0.0) -> dict[str, Any]:
        """Enqueue so many jobs, so many in a transaction, with a pause in seconds after each transaction."""
        return dict(json.loads(self._run("enqueue", str(steps), str(number), str(batch), str(pause))))

    def throughput(self, places: int, processes: int, number: int) -> dict[str, float]:
        """Let workers end what is queued: jobs per second from the first one's begin to the last one's end."""
        with self._working(places, processes) as records:
            self._all_ended()
        begun = [at for each in records for at in each["begun"].values()]
        ended = [at for each in records for at in each["ended"].values()]
        assert len(ended) == number, f"{self._peer.name} ended {len(ended)} of {number}"
        return {
            "per_second": number / (max(ended) - min(begun)),
            "cpu_ms": sum(each["cpu"] for each in records) / number * 1000,
        }

    def start(self, places: int, number: int) -> dict[str, float]:
        """Seconds from the enqueueing of one, of an empty queue, to its first step."""
        with self._working(places, 1) as records:
            enqueued = self.enqueue(1, _WARM_UP + number, 1, pause=0.05)["enqueued"]
            self._all_ended()
        latencies = [records[0]["begun"][each] - at for each, at in enqueued.items()][_WARM_UP:]
        return {"start_p50_s": statistics.median(latencies), "start_p99_s": statistics.quantiles(latencies, n=100)[-1]}

    def _run(self, *arguments: str) -> str:
        command = [*self._command, arguments[0], self._url, *arguments[1:]]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    @contextmanager
    def _working(self, places: int, processes: int) -> Iterator[list[Any]]:
        """Workers while the block lasts; the list has what each wrote down when it has ended."""
        command = [*self._command, "work", self._url, str(places)]
        workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
        records: list[Any] = []
        try:
            yield records
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            records += [json.loads(worker.communicate(timeout=60)[0].splitlines()[-1]) for worker in workers]

    def _all_ended(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:

            def none_left() -> bool:
                time.sleep(0.25)  # the count itself is work for the database
                return connection.execute(self._peer.left).fetchone() == (0,)

            wait_until(none_left, _SECONDS_TO_END, f"{self._peer.name} to end its jobs")
