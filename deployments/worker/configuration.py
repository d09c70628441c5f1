"""What a work pool and a deployment may say about the process of a run (Prefect's job variables)."""

import os
from pathlib import Path
from uuid import UUID

from prefect.client.schemas.objects import Flow, FlowRun, WorkPool
from prefect.client.schemas.responses import DeploymentResponse
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorkerResult
from pydantic import Field, PrivateAttr

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import database
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.secret_variable import laid_over
from groundwork.blocks.settings import settings
from groundwork.deployments.worker.run_context import RunContext


class GroundworkJobConfiguration(BaseJobConfiguration):
    """A run's process, resolved from the pool's template and the deployment's job variables."""

    working_dir: Path | None = None
    memory_limit_mb: int | None = None
    grace_seconds: float = 10.0
    _context: RunContext | None = PrivateAttr(default=None)

    def prepare_for_flow_run(
        self,
        flow_run: FlowRun,
        deployment: DeploymentResponse | None = None,
        flow: Flow | None = None,
        work_pool: WorkPool | None = None,
        worker_name: str | None = None,
        worker_id: UUID | None = None,
    ) -> None:
        """See the base class. Keeps what the worker has read for the run's process."""
        super().prepare_for_flow_run(flow_run, deployment, flow, work_pool, worker_name, worker_id)
        self._context = RunContext(flow_run=flow_run, flow=flow, deployment=deployment, work_pool=work_pool)

    @property
    def context(self) -> RunContext | None:
        """What was read of the run; None before :meth:`prepare_for_flow_run`."""
        return self._context

    def environment(self) -> dict[str, str]:
        """The worker's environment with the deployment's changes; a variable set to None is taken away.

        Database and blob store are the worker's, so that not every run asks Prefect for their block documents.
        """
        merged = laid_over(laid_over(configured_blocks(), os.environ), self.env)
        return {name: value for name, value in merged.items() if value is not None}


@process_cache
def configured_blocks() -> dict[str, str]:
    """The worker's blocks as environment variables, as far as a variable can hold them. Asks Prefect once."""
    variables = {"GROUNDWORK_DATABASE_URL": database().url.render_as_string(hide_password=False)}
    store = blob_store()
    # Not by ==: a block that Prefect's document says has the document's id, too.
    if all(value is None for field, value in store if field != "storage_url"):
        variables["GROUNDWORK_STORAGE_URL"] = store.storage_url or (settings().home.resolve() / "blobs").as_uri()
    return variables


class GroundworkVariables(BaseVariables):
    """Job variables, as the UI's form shows them."""

    working_dir: Path | None = Field(
        None, description="Folder in which the run starts. Default: the worker's. Pull steps may change it."
    )
    memory_limit_mb: int | None = Field(
        None,
        ge=64,
        description="Limit of a run's private memory in MiB. Default: none. Too low: the run fails with MemoryError.",
    )
    grace_seconds: float = Field(
        10.0,
        ge=0,
        description="Seconds between SIGTERM and SIGKILL when a run is cancelled. Too low: a run cannot tidy up.",
    )


class GroundworkWorkerResult(BaseWorkerResult):
    """How a run's process ended."""
