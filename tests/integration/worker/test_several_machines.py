"""Deployments and results of steps belong to no machine: another one takes over where the first was lost."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from moto.server import ThreadedMotoServer
from prefect import get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.workers.process import ProcessWorker
from s3fs import S3FileSystem
from sqlalchemy import text

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.deployments.worker.worker import GroundworkWorker
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from tests.factories import delivery_of, register_job
from tests.integration.jobs.five_steps import StepsWanted, executions
from tests.integration.stack.small_project import small_project
from tests.integration.worker.conftest import PROJECT, deploy, ended, ensure_pool, start_worker
from tests.waiting import wait_until
from tests.wheel import copy_checkout, linked


@pytest.fixture(scope="module")
def s3_variables() -> Iterator[dict[str, str]]:
    """What the environment says of a bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "GROUNDWORK_STORAGE_URL": "s3://results/of/steps",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "something",
        "AWS_REGION": "us-east-1",
    }
    bucket(variables).call_s3("create_bucket", Bucket="results")
    yield variables
    server.stop()


def bucket(variables: dict[str, str]) -> S3FileSystem:
    return S3FileSystem(
        key="someone",
        secret="something",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        use_listings_cache=False,
        skip_instance_cache=True,
    )


def machine(
    folder: Path, postgres: EmbeddedPostgres, prefect_api: dict[str, str], variables: dict[str, str]
) -> dict[str, str]:
    """The environment of a machine of its own, with what docs/worker.md asks for and nothing else."""
    (folder / "home").mkdir(parents=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": prefect_api["PREFECT_API_URL"],
        "GROUNDWORK_DATABASE_URL": postgres.url().render_as_string(hide_password=False),
        **variables,
    }


@pytest.fixture(scope="module")
def deployed_elsewhere(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: EmbeddedPostgres,
    prefect_api: dict[str, str],
    s3_variables: dict[str, str],
) -> Path:
    """`groundwork deploy` was run in a checkout that is gone; the path of that checkout."""
    folder = tmp_path_factory.mktemp("machine")
    checkout = small_project(copy_checkout(folder / "checkout"), "contacts", "operations")
    environment = machine(folder, postgres, prefect_api, s3_variables) | {
        "PYTHONPATH": str(linked(checkout)),
        "GROUNDWORK_APPLICATIONS": "contacts,operations",
    }
    program = "import groundwork.deployments.cli as cli; print(cli.__file__)"
    code = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    assert Path(code.stdout.strip()).is_relative_to(checkout), "the code is that of the checkout that will be gone"
    subprocess.run(
        [sys.executable, "-m", "groundwork.deployments.cli", "deploy"],
        cwd=checkout,
        env=environment,
        check=True,
        capture_output=True,
    )
    shutil.rmtree(checkout)
    return checkout


def test_a_deployment_names_no_folder_of_the_machine_that_deployed(deployed_elsewhere):
    with get_client(sync_client=True) as client:
        deployments = [each for each in client.read_deployments() if each.work_pool_name == "groundwork"]
    assert "process-csv" in {each.name for each in deployments}
    for each in deployments:
        assert not each.pull_steps
        assert str(deployed_elsewhere) not in each.model_dump_json()


@pytest.mark.parametrize("worker_class", [GroundworkWorker, ProcessWorker], ids=lambda each: each.type)
def test_a_worker_runs_what_was_deployed_from_a_folder_that_it_does_not_have(
    postgres, prefect_api, s3_variables, deployed_elsewhere, tmp_path, worker_log, worker_class
):
    pool = f"elsewhere-{worker_class.type}"
    ensure_pool(pool, worker_class.type, worker_class.get_default_base_job_template())
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("apply-retention/apply-retention")
        client.update_deployment(deployment.id, DeploymentUpdate(work_pool_name=pool))
        run_id = client.create_flow_run_from_deployment(deployment.id).id
    worker = start_worker(pool, worker_class.type, machine(tmp_path, postgres, prefect_api, s3_variables), worker_log)
    try:
        run = ended(run_id, 90)
        assert run.state.is_completed(), run.state.message
    finally:
        worker.terminate()
        worker.wait(60)


def test_what_a_killed_machine_has_done_is_not_done_again_by_the_next(
    db, postgres, prefect_api, s3_variables, tmp_path, worker_log
):
    register_job(db, "five-steps", "test/steps.wanted")
    event_id = send(StepsWanted(workspace_id=WorkspaceId("acme"), folder=str(tmp_path)))
    admit(capacity=10)
    delivery_id = delivery_of(db, event_id).id
    (tmp_path / "trouble").write_text("kill")
    ensure_pool("far", "groundwork", GroundworkWorker.get_default_base_job_template())
    first_machine = machine(tmp_path / "first", postgres, prefect_api, s3_variables)
    worker = start_worker("far", "groundwork", first_machine, worker_log)
    try:
        run_of_five_steps(delivery_id)
        wait_until(lambda: executions(tmp_path)[-1:] == ["5"], 60, "the run to be killed in its fifth step")
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(60)
    shutil.rmtree(tmp_path / "first")

    (tmp_path / "trouble").unlink()
    with db.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET lease_expires_at = clock_timestamp()"))
    subprocess.run(
        [sys.executable, "-m", "tests.integration.jobs.five_steps", str(delivery_id)],
        cwd=PROJECT,
        env=machine(tmp_path / "second", postgres, prefect_api, s3_variables),
        check=True,
        capture_output=True,
    )
    assert executions(tmp_path) == ["1", "2", "3", "4", "5", "5"]
    assert delivery_of(db, event_id).result == 150
    assert len(bucket(s3_variables).find("results/of/steps/step-results")) == 5
    assert not (tmp_path / "second" / "prefect" / "storage").exists()


def run_of_five_steps(delivery_id: UUID) -> None:
    """Ask for a run of the job on the pool "far"."""
    deployment_id = deploy("five-steps", "tests.integration.jobs.five_steps.five_steps", "far")
    with get_client(sync_client=True) as client:
        client.create_flow_run_from_deployment(deployment_id, parameters={"delivery_id": str(delivery_id)})


def test_a_worker_whose_store_cannot_be_used_ends_with_its_cure(
    postgres, prefect_api, s3_variables, tmp_path, worker_log
):
    ensure_pool("storeless", "groundwork", GroundworkWorker.get_default_base_job_template())
    variables = s3_variables | {"GROUNDWORK_STORAGE_URL": "s3://no-such-bucket"}
    worker = start_worker("storeless", "groundwork", machine(tmp_path, postgres, prefect_api, variables), worker_log)
    try:
        assert worker.wait(90) != 0
    finally:
        worker.kill()
    assert "'no-such-bucket' of GROUNDWORK_STORAGE_URL does not exist; create it" in worker_log.read_text()
