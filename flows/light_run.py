"""One light delivery: claimed by a host, run in a thread of it, and settled."""

import logging
import time
from uuid import UUID

from groundwork.blocks.database import database
from groundwork.blocks.errors import DeliveryDied, StaleAttempt, Suspended
from groundwork.blocks.retry import while_database_restarts
from groundwork.blocks.settings import settings
from groundwork.blocks.storable import error_text
from groundwork.events.inbox import Attempt
from groundwork.events.inbox.current import being
from groundwork.events.inbox.follow_on import BODY, sending_from
from groundwork.events.inbox.group_writer import GroupWriter
from groundwork.events.inbox.light_claim import Claimed
from groundwork.events.inbox.light_state import LightState
from groundwork.events.inbox.redelivery import give_back
from groundwork.flows.registry import JobSpec, notify_job_of_failure, notify_job_of_misfits
from groundwork.flows.settling import run_and_settle

logger = logging.getLogger(__name__)


class LightRun:
    """An attempt at a delivery, or at a batch, by a host.

    Args:
        spec: the job.
        claimed: what the host has claimed.
        writer: of the host.

    Attributes:
        overdue_at: when its body takes too long, by the monotonic clock; None before it begins.
    """

    def __init__(self, spec: JobSpec, claimed: Claimed, writer: GroupWriter) -> None:
        self.spec, self.claimed = spec, claimed
        self._state = LightState(writer, self.hold, claimed.now, claimed.results)
        self.overdue_at: float | None = None

    @property
    def hold(self) -> tuple[UUID, int]:
        """The delivery, and the number of the attempt."""
        return self.claimed.id, self.claimed.attempt

    def lose(self) -> None:
        """Begin no further step: the delivery is another attempt's, or was cancelled."""
        self._state.lost = True

    def run(self) -> None:
        """Bring it to its end, or give it back. Raises nothing."""
        self.overdue_at = time.monotonic() + self.spec.options.longest_seconds
        try:
            self._run()
        except Suspended as waiting:
            logger.debug("delivery %s of job %s waits: %s", self.claimed.id, self.spec.name, waiting)
        except StaleAttempt as error:
            logger.info("%s", error)
        except BaseException as error:
            self._give_back(error)
        finally:
            self._state.close()

    def _run(self) -> None:
        attempt = Attempt.of(self.claimed.deliveries, self.spec.options.on)
        if attempt.misfits:
            for trial in while_database_restarts(settings().lease_seconds):
                with trial, database().transaction() as connection:
                    attempt.end_misfits(connection)
        attempt.light = self._state
        notify_job_of_misfits(attempt, attempt.ended_misfits)
        if attempt.members:
            with being(attempt), sending_from(attempt, BODY):
                run_and_settle(self.spec, attempt)

    def _give_back(self, error: BaseException) -> None:
        """Let another attempt have the delivery, unless the error has ended it."""
        delivery_id, attempt = self.hold
        logger.error("delivery %s of job %s: %s", delivery_id, self.spec.name, error_text(error), exc_info=error)
        reason = f"Attempt {attempt} was interrupted: {error_text(error).rstrip('.')}."
        try:
            for trial in while_database_restarts(settings().lease_seconds):
                with trial:
                    return_to_queue(self.claimed, reason)
        except Exception:
            # The host finds out that it holds what it does not work on, and gives it back later.
            logger.exception("delivery %s could not be given back", delivery_id)


def return_to_queue(claimed: Claimed, reason: str, *, died: bool = False) -> None:
    """Let another attempt have what a host has claimed and not brought to an end. Its job hears where it has none left.

    Args:
        reason: a sentence, recorded as its last error.
        died: the host ends because of it.
    """
    if ended := give_back(claimed.id, claimed.attempt, reason, died=died):
        notify_job_of_failure(Attempt.of(ended), DeliveryDied(reason))
