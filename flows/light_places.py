"""The places of a host: threads, each of which runs one light delivery at a time."""

import queue
import threading
from collections import Counter
from collections.abc import Callable
from contextvars import Context

from groundwork.flows.light_run import LightRun


class Places:
    """Threads that wait for light deliveries.

    Args:
        number: of them.
        context: in a copy of which each delivery is run.
        freed: called when a place is free again.

    Attributes:
        settled_of: how many deliveries of each job have been at work, and are not any more.
    """

    def __init__(self, number: int, context: Context, freed: Callable[[], None]) -> None:
        self.number = number
        self.settled_of: Counter[str] = Counter()
        self._context, self._freed = context, freed
        self._waiting: queue.SimpleQueue[LightRun | None] = queue.SimpleQueue()
        self._running: dict[int, LightRun] = {}
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    @property
    def running(self) -> list[LightRun]:
        """What is at work, or about to be."""
        with self._lock:
            return list(self._running.values())

    @property
    def settled(self) -> int:
        """How many have been at work, and are not any more."""
        return self.settled_of.total()

    @property
    def free(self) -> int:
        """How many more may begin."""
        return self.number - len(self._running)

    def begin(self, run: LightRun) -> None:
        """Run a delivery in a free place."""
        with self._lock:
            self._running[id(run)] = run
        self._waiting.put(run)
        # No thread that nobody needs: most hosts never have all of their places in use.
        if len(self._threads) < len(self._running):
            # A daemon: one that hangs does not keep the process from its end.
            thread = threading.Thread(target=self._serve, name=f"light-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Let the threads end that have nothing to do."""
        for _ in self._threads:
            self._waiting.put(None)

    def _serve(self) -> None:
        while (run := self._waiting.get()) is not None:
            self._context.copy().run(run.run)
            with self._lock:
                del self._running[id(run)]
                self.settled_of[run.spec.name] += 1
            self._freed()
