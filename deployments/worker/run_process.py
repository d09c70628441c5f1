"""A flow run's process, as the worker sees it."""

import asyncio
import contextlib
import os
import signal


class RunProcess:
    """Made when the process has been forked.

    Args:
        pid: its process id.
        ended: its exit code, once it has ended; None where nobody could tell it.
        grace_seconds: between SIGTERM and SIGKILL.

    Attributes:
        cancelled: whether it was stopped because somebody cancelled the run.
    """

    def __init__(self, pid: int, ended: "asyncio.Future[int | None]", *, grace_seconds: float) -> None:
        self.pid = pid
        self.ended = ended
        self.cancelled = False
        self._grace_seconds = grace_seconds
        self._stopping: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        """Stop it for good: SIGTERM, then SIGKILL. Later calls do nothing."""
        if self._stopping is None:
            self.cancelled = True
            self._stopping = asyncio.ensure_future(self.stop(self._grace_seconds))

    async def stop(self, grace_seconds: float) -> None:
        """SIGTERM, and SIGKILL after ``grace_seconds``. Returns when it has ended."""
        self._signal(signal.SIGTERM)
        done, _ = await asyncio.wait([self.ended], timeout=grace_seconds)
        if not done:
            self._signal(signal.SIGKILL)
            await asyncio.wait([self.ended])

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)
