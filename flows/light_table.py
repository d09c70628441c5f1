"""What a host does, as a table that Prefect's page of its flow run shows."""

import json
import logging
import threading
from collections import Counter
from contextvars import copy_context
from typing import Any
from uuid import UUID

from prefect.artifacts import create_table_artifact
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.context import FlowRunContext

from groundwork.blocks.prefect_client import prefect_client
from groundwork.blocks.prefect_pause import LONGEST_PAUSE
from groundwork.flows.light_places import Places

logger = logging.getLogger(__name__)

KEY = "light-host"
SHOW_SECONDS = 5.0
"""Least time between two updates: each is a request of about 20 ms to Prefect."""


class LightTable:
    """Shows it, best effort and by a thread of its own: a table is not worth a host, nor a wait of one.

    Made in the context of the host's flow run.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._artifact: UUID | None = None
        self._shown: list[dict[str, Any]] | None = None
        self._over = threading.Event()
        self._context = copy_context()

    def start(self) -> None:
        """Show it now and then, as long as it changes; where there is no flow run, there is no page to show it on."""
        if FlowRunContext.get() is None:
            return
        threading.Thread(target=self._context.run, args=[self._show_on], name="light-table", daemon=True).start()

    def close(self) -> None:
        """Show it no more."""
        self._over.set()

    def _show_on(self) -> None:
        while not self._over.wait(SHOW_SECONDS):
            rows = self._rows()
            if rows != self._shown:
                try:
                    self._show(rows)
                except Exception as error:
                    logger.debug("the table of the host is not shown: %s", error)
                self._shown = rows

    def _rows(self) -> list[dict[str, Any]]:
        at_work = Counter(run.spec.name for run in self._places.running)
        settled = self._places.settled_of
        return [
            {"job": job, "at work": at_work[job], "ended": settled[job]} for job in sorted({*at_work, *settled})
        ] + [{"job": "all", "at work": sum(at_work.values()), "ended": sum(settled.values())}]

    def _show(self, rows: list[dict[str, Any]]) -> None:
        if self._artifact is None:
            text = f"Light deliveries of this host, {self._places.number} at once at most."
            made: Any = create_table_artifact(rows, key=KEY, description=text, _sync=True)  # type: ignore[call-arg]
            self._artifact = made
            return
        with prefect_client(LONGEST_PAUSE) as client:
            client.update_artifact(self._artifact, ArtifactUpdate(data=json.dumps(rows)))
