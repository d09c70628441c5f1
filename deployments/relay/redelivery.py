"""What becomes of a delivery whose run is dead, and who is told."""

import logging

from groundwork.blocks.errors import DeliveryDied
from groundwork.deployments.relay.decision import Again, Decision, End
from groundwork.events.inbox import Attempt, redelivery
from groundwork.events.inbox.standing import Standing
from groundwork.flows.registry import notify_job_of_failure

logger = logging.getLogger(__name__)


def carry_out(delivery: Standing, decision: Decision, *, at_once: bool = False) -> None:
    """Queue a delivery again, or end it and let its job tidy up as it would have itself; a batch as a whole.

    Args:
        delivery: as it was read; nothing happens if it has moved since.
        at_once: its run is known to be dead, so that its lease need not run out first.
    """
    match decision:
        case Again(reason, tries, died):
            if redelivery.requeue(delivery, reason, tries=tries, at_once=at_once, died=died):
                logger.warning(
                    "delivery %s (%s): %s It is queued again.", delivery.id, delivery.job, _first_line(reason)
                )
        case End(outcome, reason):
            ended = redelivery.end(delivery, outcome, reason, at_once=at_once)
            if ended:
                logger.error("delivery %s (%s) %s: %s", delivery.id, delivery.job, outcome, _first_line(reason))
                try:
                    notify_job_of_failure(Attempt.of(ended), DeliveryDied(reason))
                except Exception as error:
                    # Its job or its event type may be gone from the code. The delivery has ended all the same.
                    logger.error(
                        "delivery %s (%s) has ended, and its job could not tidy up: %s",
                        delivery.id,
                        delivery.job,
                        error,
                    )


def _first_line(reason: str) -> str:
    return reason.partition("\n")[0]
