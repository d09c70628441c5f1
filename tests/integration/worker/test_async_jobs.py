"""An async job in a process of the warm worker, started as a person starts it."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect import get_client
from prefect.states import Cancelling

from tests.factories import register_job, scalar
from tests.integration.jobs.async_job import executions, make_scores
from tests.integration.worker.conftest import PROJECT, ended, read_run
from tests.waiting import wait_until


@pytest.fixture
def start(db, worker, prefect_api):
    """Ask for a run of a deployment of the job, with the event's fields; its id."""

    def start(folder: Path) -> UUID:
        with get_client(sync_client=True) as client:
            deployment_id = client.create_deployment(
                flow_id=client.create_flow(make_scores),
                name=f"make-scores-{uuid4().hex[:8]}",
                entrypoint="tests/integration/jobs/async_job.py:make_scores",
                work_pool_name="warm",
                pull_steps=[{"prefect.deployments.steps.set_working_directory": {"directory": str(PROJECT)}}],
                job_variables={"grace_seconds": 20},
            )
            parameters = {"workspace_id": "acme", "folder": str(folder)}
            return client.create_flow_run_from_deployment(deployment_id, parameters=parameters).id

    register_job(db, "make-scores", "test/scores.wanted", lane=5)
    return start


def test_it_runs_to_its_end(db, start, tmp_path):
    state = ended(start(tmp_path)).state
    assert state.is_completed(), state
    assert scalar(db, "SELECT result FROM groundwork.delivery") == 67


def test_a_cancelled_run_ends_while_it_waits_and_long_before_it_would_be_killed(db, start, tmp_path):
    (tmp_path / "trouble").write_text("hang")
    run_id = start(tmp_path)
    wait_until(lambda: "last" in executions(tmp_path), 60, what="the last step to hang")
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, Cancelling())
    wait_until(lambda: read_run(run_id).state.is_cancelled(), 15, what="the run to be cancelled")
