"""How far a run has come, as people see it: in the inbox's status and as an artifact in Prefect."""

import time
from abc import ABC, abstractmethod
from typing import Any, ClassVar
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from groundwork.events.inbox import running_attempt

_STATUS_SECONDS = 0.5
"""Least time between two updates of the status that the application's own page polls."""
_ARTIFACT_SECONDS = 2.0
"""Least time between two updates of Prefect's artifact: each is a request of about 20 ms."""


class Progress(ABC):
    """Tells the inbox and Prefect, not too often. A subclass counts, and says what its counts mean."""

    key: ClassVar[str]
    """Key of the artifact."""

    def __init__(self) -> None:
        self._artifact: UUID | None = None
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

    def _show_if_due(self) -> None:
        if time.monotonic() - self._reported_at >= _STATUS_SECONDS:
            self._report()
        if time.monotonic() - self._drawn_at >= _ARTIFACT_SECONDS:
            self._draw()

    def _show(self) -> None:
        self._report()
        self._draw()

    def _report(self) -> None:
        self._reported_at = time.monotonic()
        running_attempt().report(self.status())

    def _draw(self) -> None:
        self._drawn_at = time.monotonic()
        shown = {"progress": self.percent(), "description": self.description()}
        # _sync: in an async step both would give a coroutine.
        if self._artifact is None:
            artifact = create_progress_artifact(key=self.key, _sync=True, **shown)  # type: ignore[call-arg, arg-type]
            assert isinstance(artifact, UUID)
            self._artifact = artifact
        else:
            update_progress_artifact(self._artifact, _sync=True, **shown)  # type: ignore[call-arg, arg-type]
