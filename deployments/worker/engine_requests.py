"""What Prefect's engine asks of its server at the beginning of a job's run: what the run knows is not asked for, and
what can wait goes with the label of the run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.context import SyncClientContext

_OF_THE_FLOW = {"flow_version", "empirical_policy"}
"""What the engine tells of a run before it proposes that it runs. The server wants it when the run ends."""


@contextmanager
def fewer_requests(flow_run: FlowRun, read: FlowRun) -> Iterator[None]:
    """Let the engine run a job within the block, with two requests less before its first step.

    Args:
        flow_run: what the engine is given, and keeps the run's state in.
        read: the same run, as the server has told of it before it ran.
    """
    with SyncClientContext.get_or_create() as context:
        _EngineRequests(context.client, flow_run, read).take_their_place()
        yield


class _EngineRequests:
    def __init__(self, client: SyncPrefectClient, flow_run: FlowRun, read: FlowRun) -> None:
        self._update, self._read = client.update_flow_run, client.read_flow_run
        self._client = client
        self._flow_run = flow_run
        self._known: FlowRun | None = read
        self._held: dict[str, Any] = {}

    def take_their_place(self) -> None:
        """Have the client ask less."""
        for name, method in (("update_flow_run", self.update_flow_run), ("read_flow_run", self.read_flow_run)):
            setattr(self._client, name, method)

    def update_flow_run(self, flow_run_id: UUID, *args: Any, **changes: Any) -> httpx.Response:
        """What says only of which flow the run is waits for the next change."""
        if flow_run_id != self._flow_run.id or args:
            return self._update(flow_run_id, *args, **changes)
        if changes.keys() == _OF_THE_FLOW:
            self._held = changes
            return httpx.Response(httpx.codes.NO_CONTENT)
        answer = self._update(flow_run_id, **self._held | changes)
        self._held = {}
        return answer

    def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
        """The engine reads its run once when it has begun to run: its state is in the answer to that."""
        known, state = self._known, self._flow_run.state
        if flow_run_id != self._flow_run.id or known is None or state is None or not state.is_running():
            return self._read(flow_run_id)
        self._known = None
        return known.model_copy(
            update={
                "state": state,
                "state_id": state.id,
                "state_type": state.type,
                "state_name": state.name,
                "run_count": known.run_count + 1,
                "next_scheduled_start_time": None,
                "start_time": known.start_time or state.timestamp,
            }
        )
