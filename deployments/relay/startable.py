"""Jobs that cannot start: their deliveries hold no worker's place, and say why."""

import logging

from blocks.database import database
from blocks.settings import settings
from deployments.relay.prefect_client import prefect_client
from deployments.relay.redelivery import give_up
from deployments.relay.wiring import Effect, Fault, faults
from events.inbox.statements import inbox_statement
from flows.registry import jobs

logger = logging.getLogger(__name__)


class Startable:
    """Looks at the wiring of every job now and then, and keeps in mind what is wrong. Several relays may do so."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._told: dict[str, str] = {}

    @property
    def held(self) -> list[str]:
        """Jobs whose deliveries must not be admitted."""
        return sorted(job for job, fault in self._faults.items() if fault.effect in (Effect.BROKEN, Effect.HELD))

    def needs_api(self, job: str) -> bool:
        """Whether Prefect makes no run when it hears of a job's delivery."""
        fault = self._faults.get(job)
        return fault is not None and fault.effect is Effect.NO_EVENTS

    def look(self) -> None:
        """Look once, tell what is new, and put off what cannot start.

        Raises:
            httpx.HTTPError: Prefect is away; what was known before goes on to count.
        """
        with database().transaction() as connection:
            known = connection.execute(inbox_statement("jobs_and_waiting")).all()
        with prefect_client() as client:
            self._faults = faults(client, [(row.name, row.event_name) for row in known], jobs())
        self._tell({row.name for row in known if row.waiting})
        for job, fault in self._faults.items():
            if fault.effect is Effect.BROKEN:
                _put_off(job, fault.text)
            elif fault.effect is Effect.HELD:
                _note(job, fault.text)

    def _tell(self, waiting: set[str]) -> None:
        """Log what is new of jobs that have something to do."""
        for job in [job for job in self._told if job not in self._faults]:
            del self._told[job]
            logger.warning("job %s can start again", job)
        for job in waiting & self._faults.keys():
            fault = self._faults[job]
            if self._told.get(job) != fault.text:
                self._told[job] = fault.text
                logger.warning("%s", fault.text)


def _put_off(job: str, reason: str) -> None:
    """Let deliveries wait for a later try, or end those that have had their last. Their pauses grow up to the claim
    deadline, so that a deployment that comes late, as in a roll-out, is early enough."""
    parameters = {"job": job, "reason": reason, "longest": settings().claim_seconds}
    with database().transaction() as connection:
        hopeless = connection.execute(inbox_statement("unstartable"), {"job": job}).all()
    for row in hopeless:
        give_up(row, "failed", reason, at_once=True)
    with database().transaction() as connection:
        connection.execute(inbox_statement("put_off"), parameters)


def _note(job: str, reason: str) -> None:
    with database().transaction() as connection:
        connection.execute(inbox_statement("note_why_it_waits"), {"job": job, "reason": reason})
