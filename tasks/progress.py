"""How far a run has come, as people see it: in the inbox's status and as an artifact in Prefect."""

import time
from abc import ABC, abstractmethod
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, ClassVar
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from groundwork.events.inbox import running_attempt

_STATUS_SECONDS = 0.5
"""Least time between two updates of the status that the application's own page polls."""
_ARTIFACT_SECONDS = 2.0
"""Least time between two updates of Prefect's artifact: each is a request of about 20 ms, beside the run."""


class Progress(ABC):
    """Tells the inbox and Prefect, not too often. A subclass counts, and says what its counts mean; whoever has shown
    the end calls :meth:`wait`."""

    key: ClassVar[str]
    """Key of the artifact."""

    def __init__(self) -> None:
        self._artifact: UUID | None = None
        self._thread = ThreadPoolExecutor(1, "progress")
        self._drawn: Future[None] | None = None
        self._drawn_at = time.monotonic()
        self._report()

    @abstractmethod
    def status(self) -> dict[str, Any]:
        """What the inbox shows, JSON-ready."""

    @abstractmethod
    def percent(self) -> float:
        """How much is done, 0 to 100."""

    @abstractmethod
    def description(self) -> str:
        """The counts in words."""

    def wait(self) -> None:
        """Return once Prefect has been told of what was shown last.

        Raises:
            Exception: Prefect did not take it.
        """
        if self._drawn is not None:
            self._drawn.result()

    def _show_if_due(self) -> None:
        if time.monotonic() - self._reported_at >= _STATUS_SECONDS:
            self._report()
        is_drawn = self._drawn is None or self._drawn.done()
        if is_drawn and time.monotonic() - self._drawn_at >= _ARTIFACT_SECONDS:
            self._draw()

    def _show(self) -> None:
        self._report()
        self._draw()

    def _report(self) -> None:
        self._reported_at = time.monotonic()
        running_attempt().report(self.status())

    def _draw(self) -> None:
        self._drawn_at = time.monotonic()
        self.wait()
        shown = {"progress": self.percent(), "description": self.description()}
        # The rows need not wait for Prefect's server. The context says whose artifact it is.
        self._drawn = self._thread.submit(copy_context().run, self._tell_prefect, shown)

    def _tell_prefect(self, shown: dict[str, Any]) -> None:
        # _sync: in an async step both would give a coroutine.
        if self._artifact is None:
            artifact = create_progress_artifact(key=self.key, _sync=True, **shown)  # type: ignore[call-arg]
            assert isinstance(artifact, UUID)
            self._artifact = artifact
        else:
            update_progress_artifact(self._artifact, _sync=True, **shown)  # type: ignore[call-arg]
