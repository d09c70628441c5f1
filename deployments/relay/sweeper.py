"""The sweeper: deliveries that nobody claimed in time, and attempts whose lease ran out, get another run or an end."""

import logging
from uuid import UUID

import httpx
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound

from groundwork.blocks.cures import answer_of, is_refusal_of_content
from groundwork.blocks.prefect_client import prefect_client
from groundwork.blocks.schema.states import DeliveryState
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.clocks import clocks
from groundwork.deployments.relay.automations import Automations
from groundwork.deployments.relay.decision import StartAnother, WaitOn, of_deleted_run, of_overdue, of_refused
from groundwork.deployments.relay.one_by_one import one_by_one
from groundwork.deployments.relay.prefect_api import (
    create_run,
    deleted_runs,
    deployment_of,
    is_cancelled,
    run_state,
    waiting_run,
    work_pool_type,
)
from groundwork.deployments.relay.redelivery import carry_out
from groundwork.deployments.relay.wiring import without_deployment
from groundwork.events.inbox.held_jobs import give_places_back
from groundwork.events.inbox.redelivery import look_again_later, overdue, start_again, still_admitted, wait_on
from groundwork.events.inbox.runs import note_run
from groundwork.events.inbox.standing import Standing
from groundwork.flows.registry import jobs

logger = logging.getLogger(__name__)

WARM_START_SECONDS, COLD_START_SECONDS = 10.0, 120.0


def sweep(automations: Automations | None = None) -> int:
    """Look after every overdue delivery once.

    Args:
        automations: is told of events that brought no run.

    Returns:
        How many there were.

    Raises:
        httpx.HTTPError: Prefect is away; what was not looked after stays overdue.
        Exception: looking after a delivery failed; the others were looked after.
    """
    found = overdue()
    # Only so many are looked after at once, the most overdue first: one that cannot be keeps no other waiting.
    one_by_one(found, lambda each: _decide_on(each, automations), look_again_later)
    return len(found)


def pending_seconds(pool: str | None) -> float:
    """How long a run may be pending, which is the start of its process or its container.

    Args:
        pool: the name of its work pool; None where that is not known.
    """
    return WARM_START_SECONDS if work_pool_type(pool or WORK_POOL) == "groundwork" else COLD_START_SECONDS


def pool_of(job: str) -> str:
    """The work pool whose workers run a job, as far as its code is here."""
    spec = jobs().get(job)
    return WORK_POOL if spec is None else spec.options.work_pool


def _decide_on(delivery: Standing, automations: Automations | None) -> None:
    flow_run_id = _run_of(delivery)
    run = run_state(flow_run_id) if flow_run_id else None
    if delivery.state == DeliveryState.RUNNING and flow_run_id and run is None and deleted_runs([flow_run_id]):
        carry_out(delivery, of_deleted_run(delivery))
        return
    decision = of_overdue(
        delivery,
        run,
        cancelled=bool(flow_run_id and run and is_cancelled(flow_run_id, run)),
        now=clocks().prefect_now(),
        pending_seconds=pending_seconds(pool_of(delivery.job)) if run and run.type == StateType.PENDING else 0.0,
    )
    match decision:
        case WaitOn():
            wait_on(delivery)
        case StartAnother():
            if run is None and automations is not None:
                automations.missed()
            _start_another(delivery)
        case _:
            carry_out(delivery, decision)


def _run_of(delivery: Standing) -> UUID | None:
    flow_run_id = delivery.flow_run_id
    if flow_run_id is None and delivery.state == DeliveryState.ADMITTED:
        flow_run_id = waiting_run(delivery.job, delivery.id)
        if flow_run_id is not None:
            note_run(delivery.id, delivery.dispatches, flow_run_id)
    return flow_run_id


def _start_another(delivery: Standing) -> None:
    """Start a run by the API, past the automation that brought none. Where that cannot be, its place is free again."""
    try:
        deployment_id = deployment_of(delivery.job)
    except ObjectNotFound:
        with prefect_client() as client:
            reason = without_deployment(client, delivery.job, jobs().get(delivery.job))
        give_places_back(delivery.job, reason)
        return
    dispatches = start_again(delivery)
    if dispatches is None:
        return
    try:
        flow_run_id = create_run(deployment_id, delivery.id, dispatches)
    except httpx.HTTPStatusError as error:
        if not is_refusal_of_content(error):
            raise
        if now := still_admitted(delivery):
            reason = f"Prefect refuses to make a run: {answer_of(error)}"
            carry_out(now, of_refused(now, reason), at_once=True)
        return
    note_run(delivery.id, dispatches, flow_run_id)
    logger.warning(
        "delivery %s (%s) was not claimed in time; started flow run %s", delivery.id, delivery.job, flow_run_id
    )
