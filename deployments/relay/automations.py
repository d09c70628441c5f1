"""Whether Prefect's automations make runs of events at present."""

import logging
from datetime import datetime, timedelta

from groundwork.blocks.settings import settings
from groundwork.deployments.clocks import clocks
from groundwork.deployments.relay.prefect_api import an_automation_made_a_run

logger = logging.getLogger(__name__)


class Automations:
    """Notices when no automation makes runs any more, and when they do again.

    Prefect's server evaluates events in a service of its own. One that starts while its database is away ends in
    silence: the server answers, takes events and lists its automations as before, and none of them fires until it is
    started again.
    """

    def __init__(self) -> None:
        self._silent_since: datetime | None = None

    @property
    def silent(self) -> bool:
        """Whether runs have to be asked for by the API."""
        return self._silent_since is not None

    def missed(self) -> None:
        """An event was posted, and no run came of it until its claim deadline.

        Raises:
            httpx.HTTPError: Prefect could not be reached.
        """
        now = clocks().prefect_now()
        if self.silent or an_automation_made_a_run(since=now - timedelta(seconds=settings().claim_seconds)):
            return
        self._silent_since = now
        logger.warning(
            "Prefect takes events, and no automation makes a run of them. Runs are asked for by its API instead, until "
            "one does. That its server started while its database was away is the usual cause: start it again."
        )

    def look(self) -> None:
        """Ask whether an automation has made a run since they fell silent.

        Raises:
            httpx.HTTPError: Prefect could not be reached.
        """
        if self._silent_since is not None and an_automation_made_a_run(since=self._silent_since):
            self._silent_since = None
            logger.warning("Prefect's automations make runs of events again.")
