"""A work pool of type groundwork, a running worker, and runs on it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound

from groundwork.deployments.worker.worker import GroundworkWorker
from tests.integration.worker import flows_under_test
from tests.waiting import wait_until

PROJECT = Path(__file__).resolve().parents[3]
_FEW = {"GROUNDWORK_APPLICATIONS": "operations"}
"""What a zygote imports: these tests bring their own jobs."""


def ensure_pool(name: str, kind: str, template: dict[str, Any]) -> None:
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(name)
        except ObjectNotFound:
            client.create_work_pool(WorkPoolCreate(name=name, type=kind, base_job_template=template))


def start_worker(
    pool: str,
    kind: str,
    environment: dict[str, str],
    log: Path,
    *,
    query_seconds: float = 0.3,
    options: Sequence[str] = (),
) -> subprocess.Popen[bytes]:
    """``prefect worker start``, as `up` starts it: it imports with half the CPU."""
    command = [sys.executable, "-m", "groundwork.deployments.up.launch", "prefect", "worker", "start"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--pool", pool, "--type", kind, *options],
            cwd=PROJECT,
            env={**_FEW, **environment, "PREFECT_WORKER_QUERY_SECONDS": str(query_seconds)},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    assert process.stdin is not None
    with process.stdin as told:
        told.write(b"\n")
    return process


@pytest.fixture(scope="session")
def worker_log(home: Path) -> Path:
    return home / "worker.log"


@pytest.fixture(scope="session")
def worker(postgres, prefect_api: dict[str, str], worker_log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running ``prefect worker start --type groundwork``."""
    for pool in ("warm", "unattended"):
        ensure_pool(pool, "groundwork", GroundworkWorker.get_default_base_job_template())
    process = start_worker("warm", "groundwork", prefect_api, worker_log)
    yield process
    process.terminate()
    process.wait(30)


@pytest.fixture
def submit(prefect_api: dict[str, str]) -> Callable[..., UUID]:
    """Deploy one of the flows under test to a pool and ask for a run; its id."""

    def submit(name: str, folder: Path, *, pool: str = "warm", pull_steps=None, **job_variables: Any) -> UUID:
        with get_client(sync_client=True) as client:
            flow_id = client.create_flow(getattr(flows_under_test, name))
            deployment_id = client.create_deployment(
                flow_id=flow_id,
                name=f"{name}-{uuid4().hex[:8]}",
                entrypoint=f"tests/integration/worker/flows_under_test.py:{name}",
                work_pool_name=pool,
                pull_steps=pull_steps
                or [{"prefect.deployments.steps.set_working_directory": {"directory": str(PROJECT)}}],
                job_variables=job_variables or None,
                parameter_openapi_schema=getattr(flows_under_test, name).parameters.model_dump(),
            )
            return client.create_flow_run_from_deployment(deployment_id, parameters={"folder": str(folder)}).id

    return submit


def deploy(flow: str, entrypoint: str, pool: str, **job_variables: Any) -> UUID:
    """Deploy a job of a module to a pool, under the pool's name; the deployment's id."""
    with get_client(sync_client=True) as client:
        return client.create_deployment(
            flow_id=client.create_flow_from_name(flow),
            name=pool,
            entrypoint=entrypoint,
            work_pool_name=pool,
            job_variables=job_variables or None,
        )


def read_run(run_id: UUID) -> FlowRun:
    with get_client(sync_client=True) as client:
        return client.read_flow_run(run_id)


def ended(run_id: UUID, timeout: float = 60.0) -> FlowRun:
    """The run, once it has come to an end."""

    def final() -> FlowRun | None:
        run = read_run(run_id)
        return run if run.state and run.state.is_final() else None

    return wait_until(final, timeout, what=f"the end of flow run {run_id}")


def told(folder: Path) -> dict[str, Any]:
    """What a flow under test has written of itself, once it has."""
    path = folder / "told.json"
    return wait_until(lambda: json.loads(path.read_text()) if path.exists() else None, 60, what="the flow to tell")


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # it ended before, or while its state was read
        return False
    return state != "Z" and os.path.exists(f"/proc/{pid}")
