"""What a worker hands to a run's process, and what that spares."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from prefect import flow
from prefect.client.schemas.objects import Flow, FlowRun, WorkPool, WorkQueue
from prefect.client.schemas.responses import DeploymentResponse
from prefect.context import FlowRunContext
from prefect.events.related import RESOURCE_CACHE, related_resources_from_run_context
from prefect.states import Pending

from groundwork.deployments.worker.protocol import Message, StartRun
from groundwork.deployments.worker.run_context import RunContext


@pytest.fixture
def new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Prefect's memory as it is in a process that has done nothing yet."""
    before = dict(RESOURCE_CACHE)
    RESOURCE_CACHE.clear()
    yield
    RESOURCE_CACHE.clear()
    RESOURCE_CACHE.update(before)


def known() -> RunContext:
    flow = Flow(id=uuid4(), name="process-csv")
    pool = WorkPool(id=uuid4(), name="groundwork", type="groundwork", base_job_template={})
    queue = WorkQueue(id=uuid4(), name="interactive", work_pool_id=pool.id)
    deployment = DeploymentResponse(id=uuid4(), name="process-csv", flow_id=flow.id, tags=["contacts"])
    run = FlowRun(
        id=uuid4(),
        flow_id=flow.id,
        deployment_id=deployment.id,
        work_queue_id=queue.id,
        parameters={"delivery_id": str(uuid4())},
        state=Pending(),
    )
    return RunContext(flow_run=run, flow=flow, deployment=deployment, work_pool=pool, work_queue=queue)


class Nobody:
    """A client of Prefect that must not be asked."""

    async def nothing(self, *_: object) -> None:
        raise AssertionError("asked Prefect")

    read_flow = read_deployment = read_work_queue = read_work_pool = read_flow_run = nothing


@flow
def body() -> None:
    """Never called."""


def related_of(run: FlowRun) -> set[tuple[str, str]]:
    with FlowRunContext.model_construct(flow=body, flow_run=run):
        found = asyncio.run(related_resources_from_run_context(Nobody()))
    return {(each.role, each["prefect.resource.name"]) for each in found if each.role != "tag"}


def test_what_the_worker_knows_arrives_in_the_runs_process_as_it_was():
    told = known()
    line = Message(start=StartRun(flow_run_id=str(told.flow_run.id), context=told)).line()
    heard = Message.model_validate_json(line)
    assert heard.start is not None
    assert heard.start.context == told


@pytest.mark.usefixtures("new_process")
def test_a_runs_events_name_what_it_belongs_to_without_asking_prefect():
    told = known()
    told.remember()
    run = told.flow_run.model_copy(update={"work_pool_name": "groundwork", "name": "quick-otter"})
    assert related_of(run) == {
        ("flow-run", "quick-otter"),
        ("flow", "process-csv"),
        ("deployment", "process-csv"),
        ("work-queue", "interactive"),
        ("work-pool", "groundwork"),
    }


@pytest.mark.usefixtures("new_process")
def test_a_process_that_was_told_nothing_asks_prefect():
    run = known().flow_run
    with pytest.raises(AssertionError, match="asked Prefect"):
        related_of(run)
