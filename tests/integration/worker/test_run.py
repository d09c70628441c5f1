"""What a run's process spares itself."""

import threading
from typing import Any
from uuid import uuid4

import pytest
from prefect import Flow, flow, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.flow_engine import run_flow
from prefect.states import Suspended

from groundwork.deployments.worker.child import without_suspension
from groundwork.deployments.worker.engine_requests import fewer_requests
from groundwork.flows.flow_run import current_flow_run
from tests.integration.worker.conftest import read_run

pytestmark = pytest.mark.usefixtures("prefect_api")


@flow
def look_around() -> dict[str, Any]:
    threads = [each.name for each in threading.enumerate()]
    return {"watched": any("observer" in name for name in threads), "deployment_id": current_flow_run().deployment_id}


@flow
def suspended_by_somebody() -> str:
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(current_flow_run().id, Suspended(timeout_seconds=600), force=True)
    return "done"


@flow
def compare_with_the_server() -> dict[str, Any]:
    known = current_flow_run()
    with get_client(sync_client=True) as client:
        served = client.read_flow_run(known.id)
    both = {name: (getattr(known, name), getattr(served, name)) for name in FlowRun.model_fields}
    return {name: values for name, values in both.items() if values[0] != values[1]}


def run_of(deployed: Flow[..., Any]) -> FlowRun:
    """A run of a new deployment that nobody has taken on yet."""
    with get_client(sync_client=True) as client:
        deployment_id = client.create_deployment(flow_id=client.create_flow(deployed), name=uuid4().hex)
        return client.create_flow_run_from_deployment(deployment_id)


def test_a_jobs_run_is_not_watched_for_suspension_and_knows_its_deployment():
    flow_run = run_of(look_around)
    seen = run_flow(look_around, flow_run=without_suspension(flow_run))
    assert seen == {"watched": False, "deployment_id": flow_run.deployment_id}


def test_prefect_watches_every_other_run_of_a_deployment():
    assert run_flow(look_around, flow_run=run_of(look_around))["watched"], (
        "Prefect watches none: without_suspension() can go"
    )


def test_a_jobs_run_that_somebody_suspends_goes_on_to_its_end():
    flow_run = run_of(suspended_by_somebody)
    assert run_flow(suspended_by_somebody, flow_run=without_suspension(flow_run)) == "done"
    assert read_run(flow_run.id).state.is_completed()


def test_a_jobs_run_knows_of_itself_what_the_server_would_say_of_it():
    read = read_run(run_of(compare_with_the_server).id)
    flow_run = without_suspension(read)
    with fewer_requests(flow_run, read):
        differing = run_flow(compare_with_the_server, flow_run=flow_run)
    # How long it has taken so far, and what the engine tells of the flow, which is told with the label.
    assert differing.keys() <= {
        "updated",
        "estimated_run_time",
        "estimated_start_time_delta",
        "start_time",
        "flow_version",
        "empirical_policy",
    }, differing
    assert read_run(flow_run.id).run_count == 1
