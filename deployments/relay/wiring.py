"""What Prefect has for a job's runs to start: deployment, automation, work queue and work pool."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.client.schemas.objects import WorkPoolStatus, WorkQueue
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import Automation, EventTrigger
from prefect.exceptions import ObjectNotFound

from groundwork.blocks.prefect_client import pages
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.wiring.deployment_block import deployment_block
from groundwork.flows.registry import JobSpec

_PAGE = 200
_NAMED = 20
"""Most deployments that a message lists."""


class Effect(Enum):
    """What a fault does to a job's deliveries."""

    UNDEPLOYED = "nothing can run them: they hold no worker's place, and wait in their lanes until something can"
    HELD = "they wait in their lanes until a person lets them go on"
    NO_EVENTS = "Prefect makes no run of an event: the relay asks for each run by the API"
    NONE = "they run"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a job's wiring, in words: what it is and what to do."""

    effect: Effect
    text: str


def faults(client: SyncPrefectClient, jobs: Sequence[tuple[str, str]], specs: dict[str, JobSpec]) -> dict[str, Fault]:
    """Look at the wiring of jobs; three requests, and one more per further work pool.

    Args:
        jobs: names, each with the name of the event that it listens to.
        specs: the jobs that this process has code of.

    Returns:
        The faults by job. Jobs that are wired well are not in it.

    Raises:
        httpx.HTTPError: Prefect is away, or refuses.
    """
    if not jobs:
        return {}
    named = DeploymentFilter(name=DeploymentFilterName(any_=[name for name, _ in jobs]))
    deployments = {
        each.name: each for each in pages(lambda **page: client.read_deployments(deployment_filter=named, **page))
    }
    automations = list(pages(lambda **page: client.read_automations(**page)))
    pools = _Pools(client)

    def fault_of(job: str, event_name: str) -> Fault | None:
        deployment = deployments.get(job)
        if deployment is None:
            return Fault(Effect.UNDEPLOYED, without_deployment(client, job, specs.get(job)))
        if deployment.work_pool_name is None:
            text = f"The deployment of job {job} belongs to no work pool, so nobody takes its runs."
            return Fault(Effect.UNDEPLOYED, f"{text} Run `groundwork deploy`.")
        return (
            pools.fault(job, deployment, specs[job].options.work_pool if job in specs else WORK_POOL)
            or _fault_of_automation(job, event_name, deployment, automations)
            or _fault_of_schedule(job, deployment)
        )

    found = {job: fault_of(job, event_name) for job, event_name in jobs}
    return {job: fault for job, fault in found.items() if fault is not None}


def without_deployment(client: SyncPrefectClient, job: str, spec: JobSpec | None) -> str:
    """Why a job cannot run that has no deployment, and what to do."""
    there = sorted(each.name for each in client.read_deployments(limit=_PAGE))
    listed = ", ".join(there[:_NAMED]) + (", …" if len(there) > _NAMED else "") if there else "none"
    if spec is None:
        return (
            f"No worker knows job {job}: it was removed from the code, or its application is not loaded "
            f"(GROUNDWORK_APPLICATIONS), and Prefect has no deployment of it. Prefect's deployments: {listed}."
        )
    return (
        f"Job {job} has no deployment, so nothing runs it. Prefect's deployments: {listed}. Add this block to "
        f"prefect.yaml and run `groundwork deploy`:\n{block_of(spec)}"
    )


def block_of(spec: JobSpec) -> str:
    """A job's block in ``prefect.yaml``, under ``deployments``."""
    return deployment_block(
        spec.name,
        entrypoint=spec.entrypoint,
        event_name=spec.options.on.event_name,
        interactive=spec.options.interactive,
        work_pool=spec.options.work_pool,
    )


def _fault_of_automation(
    job: str, event_name: str, deployment: DeploymentResponse, automations: Sequence[Automation]
) -> Fault | None:
    own = [each for each in automations if any(_runs(action, deployment) for action in each.actions)]
    enabled = [each for each in own if each.enabled]
    if any(_listens(each, event_name, job) for each in enabled):
        return None
    if not own:
        what, cure = "has no automation", "Run `groundwork deploy`"
    elif not enabled:
        what, cure = f"has its automation {own[0].name!r} disabled", "Enable it in Prefect"
    else:
        what, cure = f"has an automation that waits for other events than {event_name}", "Run `groundwork deploy`"
    return Fault(
        Effect.NO_EVENTS,
        f"Job {job} {what}. Its runs are asked for by Prefect's API instead. {cure}; to hold the job, use "
        f"`groundwork pause {job}`.",
    )


def _fault_of_schedule(job: str, deployment: DeploymentResponse) -> Fault | None:
    if not deployment.paused or not deployment.schedules:
        return None
    text = (
        f"The deployment of job {job} is paused in Prefect: its schedule rests, while events go on to start it. "
        f"Resume it, or hold the job by `groundwork pause {job}`."
    )
    return Fault(Effect.NONE, text)


def _runs(action: Any, deployment: DeploymentResponse) -> bool:
    return isinstance(action, RunDeployment) and action.deployment_id == deployment.id


def _listens(automation: Automation, event_name: str, job: str) -> bool:
    """Whether it fires on a job's event, as far as can be told: a trigger that is made of others is trusted."""
    trigger = automation.trigger
    if not isinstance(trigger, EventTrigger):
        return True
    wanted = trigger.match.get("groundwork.job", job)
    jobs = [wanted] if isinstance(wanted, str) else list(wanted or [job])
    return (not trigger.expect or any(fnmatchcase(event_name, each) for each in trigger.expect)) and any(
        fnmatchcase(job, each) for each in jobs
    )


def _fault_of_two_pools(job: str, name: str, said: str) -> Fault:
    return Fault(
        Effect.NONE,
        f"Job {job} says @job(work_pool={said!r}), and its deployment belongs to the work pool {name}, whose workers "
        f"run it: they may be given more than they have places for. Name one of the two in both places, and run "
        "`groundwork deploy`.",
    )


class _Pools:
    """Work pools and their queues, each read once."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self._client = client
        self._queues: dict[str, dict[str, WorkQueue]] = {}

    def fault(self, job: str, deployment: DeploymentResponse, said: str) -> Fault | None:
        """What keeps the runs of a deployment waiting where they are queued.

        Args:
            said: the work pool that the job's code names.
        """
        pool = deployment.work_pool_name or ""
        queue = self._queues_of(pool).get(deployment.work_queue_name or "")
        if queue is not None and queue.is_paused:
            text = (
                f"Job {job} waits: the work queue {queue.name} of the work pool {pool} is paused in Prefect. Let it go "
                f"on: prefect work-queue resume {queue.name} --pool {pool}"
            )
            return Fault(Effect.HELD, text)
        return (None if pool == WORK_POOL else self._fault_of_another_pool(job, pool, said)) or (
            None if pool == said else _fault_of_two_pools(job, pool, said)
        )

    def _fault_of_another_pool(self, job: str, name: str, said: str) -> Fault | None:
        try:
            pool = self._client.read_work_pool(name)
        except ObjectNotFound:
            return Fault(Effect.HELD, f"Job {job} waits: Prefect has no work pool {name}. Run `groundwork deploy`.")
        where = f"its deployment belongs to the work pool {name}" + ("" if name == said else f", not to {said}")
        if pool.is_paused:
            text = f"Job {job} waits: {where}, and that one is paused. Let it go on: prefect work-pool resume {name}"
            return Fault(Effect.HELD, text)
        if pool.status == WorkPoolStatus.NOT_READY:
            text = (
                f"Job {job} waits: {where}, and no worker of that one is there. Start one: "
                f"groundwork worker --pool {name} --type {pool.type}; or change prefect.yaml and run `groundwork "
                "deploy`."
            )
            return Fault(Effect.HELD, text)
        return None

    def _queues_of(self, pool: str) -> dict[str, WorkQueue]:
        if pool not in self._queues:
            try:
                found = list(pages(lambda **page: self._client.read_work_queues(work_pool_name=pool, **page)))
            except ObjectNotFound:
                found = []
            self._queues[pool] = {each.name: each for each in found}
        return self._queues[pool]
