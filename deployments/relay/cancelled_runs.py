"""Runs whose delivery was cancelled in the inbox: Prefect is told to stop them."""

import logging
from uuid import UUID

import httpx
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling

from groundwork.blocks.cures import answer_of, is_refusal_of_content
from groundwork.blocks.errors import DeliveryDied
from groundwork.blocks.prefect_client import prefect_client
from groundwork.deployments.relay.one_by_one import one_by_one
from groundwork.events.inbox import Attempt
from groundwork.events.inbox.cancellation import CancelledRun, note_run_cancelled, runs_to_cancel
from groundwork.flows.registry import notify_job_of_failure

logger = logging.getLogger(__name__)


def cancel_runs() -> int:
    """Cancel what has to be, and let the jobs tidy up. Safe to repeat.

    Returns:
        How many deliveries there were.

    Raises:
        httpx.HTTPError: Prefect is away; the rest stays to be done.
    """
    runs = runs_to_cancel()
    cancelled: set[UUID] = set()

    def cancel(run: CancelledRun) -> None:
        if run.flow_run_id is not None and run.flow_run_id not in cancelled:
            _cancel(run.flow_run_id)
            cancelled.add(run.flow_run_id)
        if note_run_cancelled(run):
            _tidy_up(run)

    one_by_one(runs, cancel)
    return len(runs)


def _cancel(flow_run_id: UUID) -> None:
    """A run that a worker has is cancelling until its process has ended; another one is cancelled at once. Prefect
    leaves one that has ended as it is."""
    with prefect_client() as client:
        try:
            client.set_flow_run_state(flow_run_id, Cancelling(message="Its delivery was cancelled."))
        except ObjectNotFound:
            logger.info("flow run %s was to be cancelled, and Prefect does not know it", flow_run_id)
        except httpx.HTTPStatusError as error:
            if not is_refusal_of_content(error):
                raise
            # Its delivery has ended, and it may write nothing more: that it goes on does no harm.
            logger.error("Prefect refuses to cancel flow run %s: %s", flow_run_id, answer_of(error))


def _tidy_up(run: CancelledRun) -> None:
    delivery = run.delivery
    logger.info("delivery %s (%s): %s", delivery.id, delivery.job, run.reason)
    try:
        notify_job_of_failure(Attempt.of([delivery]), DeliveryDied(run.reason))
    except Exception:
        logger.exception("delivery %s (%s) was cancelled, and telling its job failed", delivery.id, delivery.job)
