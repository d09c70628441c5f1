"""Loading a run's flow: from the zygote's own modules where the deployment's pull steps fetch nothing."""

import os
import sys
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.client.schemas.responses import DeploymentResponse
from prefect.flow_engine import load_flow

from groundwork.deployments.worker.known import Known


def load_warm_flow(known: Known) -> Flow[..., Any]:
    """The flow of a run.

    Where the entrypoint is a module that the zygote has imported, and no pull step could change what that is, the flow
    is that module's: steps and flow are then of one version of the code, and about 0.1 s is saved. Everything else goes
    Prefect's way.
    """
    if known.deployment is not None and (flow := _warm(known.deployment)):
        return flow
    return load_flow(known.flow_run)


def _warm(deployment: DeploymentResponse) -> Flow[..., Any] | None:
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


def _imported(module_name: str, function: str, *, file: Path | None = None) -> Flow[..., Any] | None:
    """The flow of an imported module; None where it is not imported, or not from this file."""
    module = sys.modules.get(module_name)
    if module is None or (file is not None and getattr(module, "__file__", None) != str(file.resolve())):
        return None
    flow = getattr(module, function, None)
    return flow if isinstance(flow, Flow) else None
