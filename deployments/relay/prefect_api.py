"""What the relay asks of Prefect, by its public HTTP API."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterCreatedBy,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.events import Event as PrefectEvent
from prefect.events.filters import EventFilter, EventResourceFilter
from prefect.exceptions import ObjectNotFound

from groundwork.blocks.errors import GroundworkError
from groundwork.blocks.prefect_client import prefect_client
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.events.inbox.admission import Admitted

_MOST = 200
"""Runs of one answer of Prefect's API."""


class WorkPoolMissing(GroundworkError):
    """Prefect has no such work pool. Run `groundwork deploy`, which makes it and ties the deployments to it again."""


def prefect_event(delivery: Admitted) -> dict[str, object]:
    """The event that tells Prefect of an admitted delivery, as JSON.

    Only ids travel: Prefect renders data that passes through run parameters as templates. The event's own id is made
    from the delivery and the number of the dispatch, so posting it again after a lost answer fires nothing twice.
    """
    return PrefectEvent(
        id=uuid5(delivery.id, f"dispatch {delivery.dispatches}"),
        event=delivery.event_name,
        resource=delivery_resource(delivery.id, job=delivery.job, workspace_id=delivery.workspace_id),
        related=related(
            event=f"groundwork.event.{delivery.event_id}",
            cause=f"groundwork.event.{delivery.causation_id}" if delivery.causation_id else None,
            correlation=f"groundwork.correlation.{delivery.correlation_id}",
            workspace=f"groundwork.workspace.{delivery.workspace_id}",
        ),
        payload={"delivery_id": str(delivery.id)},
    ).model_dump(mode="json")


def delivery_resource(delivery_id: UUID, *, job: str, workspace_id: str) -> dict[str, str]:
    """The resource that an event is about: a delivery. Triggers of ``prefect.yaml`` match these labels."""
    return {
        "prefect.resource.id": f"groundwork.delivery.{delivery_id}",
        "prefect.resource.name": f"{job} of {workspace_id}",
        "groundwork.job": job,
        "groundwork.workspace": workspace_id,
    }


def related(**resources: str | None) -> list[dict[str, str]]:
    """Related resources of a Prefect event, by role; None is left out. The feed finds events by them: those that one
    event caused by ``groundwork.event.<id>``, a whole chain by ``groundwork.correlation.<id>``."""
    return [
        {"prefect.resource.id": identifier, "prefect.resource.role": role.replace("_", "-")}
        for role, identifier in resources.items()
        if identifier is not None
    ]


def start_run(job: str, delivery_id: UUID, dispatch: int) -> UUID:
    """Start a run without an event; see :func:`create_run`.

    Raises:
        httpx.HTTPError: Prefect could not be reached, or refuses.
        prefect.exceptions.ObjectNotFound: the job has no deployment.
    """
    return create_run(deployment_of(job), delivery_id, dispatch)


def deployment_of(job: str) -> UUID:
    """The deployment that runs a job.

    Raises:
        httpx.HTTPError: Prefect could not be reached.
        prefect.exceptions.ObjectNotFound: there is none.
    """
    with prefect_client() as client:
        return client.read_deployment_by_name(f"{job}/{job}").id


def create_run(deployment_id: UUID, delivery_id: UUID, dispatch: int) -> UUID:
    """Start a run. The same delivery and dispatch start one run, however often it is asked for.

    Returns:
        The flow run's id.

    Raises:
        httpx.HTTPError: Prefect could not be reached, or refuses.
    """
    with prefect_client() as client:
        run = client.create_flow_run_from_deployment(
            deployment_id,
            parameters={"delivery_id": str(delivery_id)},
            idempotency_key=f"{delivery_id}:{dispatch}",
        )
        return run.id


def delivery_of(run: FlowRun) -> UUID | None:
    """The delivery that a run was made for; None where it is no job's, or a person started it."""
    try:
        return UUID(str(run.parameters.get("delivery_id")))
    except ValueError:
        return None


def waiting_run(job: str, delivery_id: UUID) -> UUID | None:
    """The run that an automation made for a delivery and that still waits for a worker; None where there is none, or so
    many wait that it is not among the first.

    Raises:
        httpx.HTTPError: Prefect could not be reached.
    """
    waits = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED, StateType.PENDING]))
    with prefect_client() as client:
        runs = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[job])),
            flow_run_filter=FlowRunFilter(state=waits),
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
            limit=_MOST,
        )
    return next((run.id for run in runs if delivery_of(run) == delivery_id), None)


def an_automation_made_a_run(*, since: datetime) -> bool:
    """Whether any automation of Prefect's has made a run since then.

    Raises:
        httpx.HTTPError: Prefect could not be reached.
    """
    made = FlowRunFilter(
        created_by=FlowRunFilterCreatedBy(type_=["AUTOMATION"]),
        expected_start_time=FlowRunFilterExpectedStartTime(after_=since),
    )
    with prefect_client() as client:
        return bool(client.read_flow_runs(flow_run_filter=made, limit=1))


def run_state(flow_run_id: UUID) -> State | None:
    """The state of a flow run; None where Prefect has no such run.

    Raises:
        httpx.HTTPError: Prefect could not be reached.
    """
    with prefect_client() as client:
        try:
            run = client.read_flow_run(flow_run_id)
        except ObjectNotFound:
            return None
    return run.state


def is_cancelled(flow_run_id: UUID, state: State) -> bool:
    """Whether somebody has cancelled a run.

    A run that SIGTERM ends says itself that it crashed, before its worker says that it was cancelled.

    Raises:
        httpx.HTTPError: Prefect could not be reached.
    """
    if state.type != StateType.CRASHED:
        return state.type in (StateType.CANCELLED, StateType.CANCELLING)
    with prefect_client() as client:
        return any(each.type == StateType.CANCELLING for each in client.read_flow_run_states(flow_run_id))


def deleted_runs(flow_run_ids: Collection[UUID]) -> set[UUID]:
    """The flow runs among these that somebody has deleted. Where there are none, it takes one request.

    A run counts as deleted where Prefect remembers what happened to it, and not the run. A server that has lost its
    database, or is another one than the run's, remembers neither: of such runs nothing is said.

    Raises:
        httpx.HTTPError: Prefect could not be reached.
    """
    ids = list(flow_run_ids)
    pages = [set(ids[start : start + _MOST]) for start in range(0, len(ids), _MOST)]
    with prefect_client() as client:
        return {each for page in pages for each in _unknown(client, page) if _is_remembered(client, each)}


def _unknown(client: SyncPrefectClient, ids: set[UUID]) -> set[UUID]:
    among = FlowRunFilter(id=FlowRunFilterId(any_=list(ids)))
    if client.count_flow_runs(flow_run_filter=among) == len(ids):
        return set()
    return ids - {run.id for run in client.read_flow_runs(flow_run_filter=among, limit=_MOST)}


def _is_remembered(client: SyncPrefectClient, flow_run_id: UUID) -> bool:
    about = EventFilter(resource=EventResourceFilter(id=[f"prefect.flow-run.{flow_run_id}"]))
    return bool(client.read_events(about, limit=1).events)


@dataclass(frozen=True)
class PoolLimit:
    """What Prefect lets a work pool hold.

    Attributes:
        type: of its workers.
        limit: runs at once, which a person can change in the UI; 0 while it is paused, None where it sets none.
    """

    type: str
    limit: int | None


def pool_limits(pools: Collection[str]) -> dict[str, PoolLimit]:
    """What each of some work pools may hold. Those that Prefect does not have are not in it.

    Raises:
        WorkPoolMissing: nobody has made the one of jobs that name none, or somebody has deleted it.
        httpx.HTTPError: Prefect could not be reached.
    """
    found = {}
    with prefect_client() as client:
        for name in pools:
            try:
                pool = client.read_work_pool(name)
            except ObjectNotFound:
                if name == WORK_POOL:
                    raise WorkPoolMissing(
                        f"Prefect has no work pool {WORK_POOL}, so nothing starts. Run `groundwork deploy`, which "
                        "makes it and ties the deployments to it again."
                    ) from None
                continue
            found[name] = PoolLimit(pool.type, 0 if pool.is_paused else pool.concurrency_limit)
    return found


def work_pool_type(name: str) -> str | None:
    """The type of a work pool's workers; None where there is no such pool yet.

    Raises:
        httpx.HTTPError: Prefect could not be reached.
    """
    with prefect_client() as client:
        try:
            return client.read_work_pool(name).type
        except ObjectNotFound:
            return None
