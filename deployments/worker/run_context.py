"""What a worker has read of a run by the time it starts it: the run's process need not ask Prefect for it again."""

import os
import sys
from pathlib import Path
from typing import Any

from prefect import Flow as PrefectFlow
from prefect.client.schemas.objects import Flow, FlowRun, WorkPool, WorkQueue
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.related import RESOURCE_CACHE
from prefect.flow_engine import load_flow
from prefect.types import DateTime
from pydantic import BaseModel


class RunContext(BaseModel):
    """A run and what it belongs to, as they were when the worker took the run on."""

    flow_run: FlowRun
    flow: Flow | None = None
    deployment: DeploymentResponse | None = None
    work_pool: WorkPool | None = None
    work_queue: WorkQueue | None = None

    def remember(self) -> None:
        """Let this process's events name flow, deployment, work pool and work queue without asking for them.

        Prefect keeps them in a dictionary of the process, which is empty in a new one: each run would read all four.
        """
        now = DateTime.now()
        for kind, key, found in (
            ("flow", self.flow and self.flow.id, self.flow),
            ("deployment", self.deployment and self.deployment.id, self.deployment),
            ("work-pool", self.work_pool and self.work_pool.name, self.work_pool),
            ("work-queue", self.work_queue and self.work_queue.id, self.work_queue),
        ):
            if found is not None:
                RESOURCE_CACHE[f"{kind}.{key}"] = ({"kind": kind, "object": found}, now)

    def load_flow(self) -> PrefectFlow[..., Any]:
        """The flow of the run.

        Where the entrypoint is a module that the zygote has imported, and no pull step could change what that is, the
        flow is that module's: steps and flow are then of one version of the code, and about 0.1 s is saved. Everything
        else goes Prefect's way.
        """
        if self.deployment is not None and (flow := _warm(self.deployment)):
            return flow
        return load_flow(self.flow_run)


def _warm(deployment: DeploymentResponse) -> PrefectFlow[..., Any] | None:
    entrypoint = deployment.entrypoint or ""
    if not deployment.pull_steps and ":" not in entrypoint:
        module, _, function = entrypoint.rpartition(".")
        return _imported(module, function)
    directory = _working_directory(deployment)
    if directory is None:
        return None
    path, _, function = entrypoint.rpartition(":")
    flow = _imported(".".join(Path(path).with_suffix("").parts), function, file=directory / path)
    if flow is not None:
        os.chdir(directory)
    return flow


def _working_directory(deployment: DeploymentResponse) -> Path | None:
    """The folder that the pull steps change to, where that is all they do."""
    match deployment.pull_steps:
        case [{"prefect.deployments.steps.set_working_directory": {"directory": str(directory)}}]:
            return Path(directory)
    return None


def _imported(module_name: str, function: str, *, file: Path | None = None) -> PrefectFlow[..., Any] | None:
    """The flow of an imported module; None where it is not imported, or not from this file."""
    module = sys.modules.get(module_name)
    if module is None or (file is not None and getattr(module, "__file__", None) != str(file.resolve())):
        return None
    flow = getattr(module, function, None)
    return flow if isinstance(flow, PrefectFlow) else None
