"""Runs of jobs in this process, with the claim, the steps, the ledger and the settling of production."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from prefect.client.schemas.objects import State

from groundwork.blocks.own_loop import outside_of_loops
from groundwork.deployments.relay.decision import of_ended_run
from groundwork.deployments.relay.redelivery import carry_out
from groundwork.deployments.worker.child import without_heartbeat
from groundwork.events.inbox.runs import EndedRun, in_flight_of
from groundwork.flows.job import flow_of
from groundwork.flows.registry import jobs
from groundwork.tasks import step, step_retries
from groundwork.testing.light import light_runs


def _ended(state: State[Any]) -> tuple[State[Any], Any]:
    return state, None if state.is_completed() else state.result(raise_on_failure=False)


class Runner:
    """Runs deliveries that were admitted.

    Attributes:
        exceptions: what runs have raised, by the delivery.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._hastened: set[int] = set()
        self.exceptions: dict[UUID, BaseException] = {}

    def run(self, job: str, delivery_id: UUID) -> None:
        """Run a job's flow for a delivery. Where that leaves the delivery unsettled, do as the relay does."""
        self._waive_delays()
        with without_heartbeat(), light_runs():
            flow: Any = flow_of(job)
            # Within the loop of an async test, what Prefect has twice would give coroutines to a plain job.
            state, error = outside_of_loops(lambda: _ended(flow(delivery_id=delivery_id, return_state=True)))
        if isinstance(error, BaseException):
            self.exceptions[delivery_id] = error
        self._redeliver(delivery_id, state)

    def _redeliver(self, delivery_id: UUID, state: State[Any]) -> None:
        run_id = state.state_details.flow_run_id
        if run_id is None:
            return
        for left in in_flight_of([EndedRun(run_id, delivery_id, datetime.now(UTC))]):
            decision = of_ended_run(left, state, cancelled=state.is_cancelled(), known_job=left.job in jobs())
            carry_out(left, decision, at_once=True)

    def _waive_delays(self) -> None:
        """Let no step wait before it is tried again."""
        self._patch.setattr(step_retries, "sleep", lambda _seconds: None)
        self._patch.setattr(step_retries, "LONGEST_IN_PLACE", float("inf"))
        for each in step.steps():
            if id(each) not in self._hastened:
                self._hastened.add(id(each))
                self._patch.setattr(each, "retry_delay_seconds", 0)
