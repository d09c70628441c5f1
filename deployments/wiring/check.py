"""Whether the jobs of the code and the deployments of ``prefect.yaml`` are the same ones."""

from collections import Counter
from collections.abc import Mapping, Sequence

from groundwork.blocks.applications import applications, registered_names
from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.relay.wiring import block_of
from groundwork.deployments.wiring.project import Deployment
from groundwork.flows.registry import JobSpec


def check_wiring(jobs: Mapping[str, JobSpec], deployments: Sequence[Deployment]) -> None:
    """Refuse a job that nothing would run, and a deployment of a job that there is not.

    Raises:
        ConfigurationError: the message has every fault, and the block to add where one is missing.
    """
    by_name = {each.name: each for each in deployments}
    faults = [
        *(_missing(spec, deployments) for name, spec in jobs.items() if name not in by_name),
        *(_another_function(spec, by_name[name]) for name, spec in jobs.items() if name in by_name),
        *(_another_pool(spec, by_name[name]) for name, spec in jobs.items() if name in by_name),
        *(_without_job(each, jobs) for each in deployments),
        *(
            f"{name} stands {times} times in prefect.yaml; one deployment has one name."
            for name, times in Counter(each.name for each in deployments).items()
            if times > 1
        ),
    ]
    told = [fault for fault in faults if fault]
    if told:
        raise ConfigurationError("Jobs and prefect.yaml do not fit together. Nothing was deployed.\n" + "\n".join(told))


def _missing(spec: JobSpec, deployments: Sequence[Deployment]) -> str:
    files = sorted({str(each.file) for each in deployments}) or ["prefect.yaml"]
    return f"Job {spec.name} has no deployment. Add this block to {' or '.join(files)}:\n{block_of(spec)}"


def _another_function(spec: JobSpec, deployment: Deployment) -> str | None:
    # A path is resolved by Prefect where the run is; which module that would be is not known here.
    if ":" in deployment.entrypoint or deployment.entrypoint == spec.entrypoint:
        return None
    return (
        f"{deployment.file}: the deployment {spec.name} has the entrypoint {deployment.entrypoint or 'none'}; job "
        f"{spec.name} is {spec.entrypoint}."
    )


def _another_pool(spec: JobSpec, deployment: Deployment) -> str | None:
    said = spec.options.work_pool
    if deployment.work_pool in (None, said):
        return None
    return (
        f"{deployment.file}: the deployment {spec.name} names the work pool {deployment.work_pool}, and the job "
        f"{said}. Name the same: @job(work_pool={deployment.work_pool!r}), or `work_pool: {{name: {said}}}`."
    )


def _without_job(deployment: Deployment, jobs: Mapping[str, JobSpec]) -> str | None:
    gone = sorted(deployment.jobs - jobs.keys())
    if not gone or _of_application_left_out(deployment):
        return None
    return (
        f"{deployment.file}: the deployment {deployment.name} is triggered for job {', '.join(gone)}, and no "
        "application has that job. Remove the block, or load its application (GROUNDWORK_APPLICATIONS)."
    )


def _of_application_left_out(deployment: Deployment) -> bool:
    """Whether it is of an application of ours that this process does not load. Nothing is sent to its jobs, then."""
    loaded = {each.name for each in applications()}
    return any(deployment.entrypoint.startswith(f"groundwork.flows.{name}.") for name in registered_names() - loaded)
