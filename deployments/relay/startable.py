"""Jobs that cannot start: their deliveries hold no worker's place, and say why."""

import logging

from groundwork.blocks.database import database
from groundwork.blocks.prefect_client import prefect_client
from groundwork.deployments.relay.wiring import Effect, Fault, faults
from groundwork.events.inbox.held_jobs import give_places_back, note_held, note_why_it_waits
from groundwork.events.inbox.jobs import known_jobs
from groundwork.flows.registry import jobs

logger = logging.getLogger(__name__)

_HOLDING = (Effect.UNDEPLOYED, Effect.HELD)


class Startable:
    """Looks at the wiring of every job now and then, and keeps in mind what is wrong. Several relays may do so."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._told: dict[str, str] = {}

    @property
    def held(self) -> list[str]:
        """Jobs whose deliveries must not be admitted."""
        return sorted(job for job, fault in self._faults.items() if fault.effect in _HOLDING)

    def needs_api(self, job: str) -> bool:
        """Whether Prefect makes no run when it hears of a job's delivery."""
        fault = self._faults.get(job)
        return fault is not None and fault.effect is Effect.NO_EVENTS

    def look(self) -> None:
        """Look once, tell what is new, and let what cannot start wait.

        Raises:
            httpx.HTTPError: Prefect is away; what was known before goes on to count.
        """
        with database().transaction() as connection:
            known = known_jobs(connection)
        with prefect_client() as client:
            self._faults = faults(client, [(each.name, each.event_name) for each in known], jobs())
        self._tell({each.name for each in known if each.waiting})
        holding = {job: fault for job, fault in self._faults.items() if fault.effect in _HOLDING}
        note_held({job: fault.text for job, fault in holding.items()})
        for job, fault in holding.items():
            if fault.effect is Effect.UNDEPLOYED:
                give_places_back(job, fault.text)
            note_why_it_waits(job, fault.text)

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
