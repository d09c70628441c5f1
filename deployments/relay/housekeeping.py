"""What the relay does besides admitting, each part at intervals of its own."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from blocks.database import database
from deployments.relay.admission import tidy
from deployments.relay.cancelled_runs import cancel_runs
from deployments.relay.dead_letters import post_deaths
from deployments.relay.dead_runs import crash_dead_runs
from deployments.relay.ended_runs import look_after_ended_runs
from deployments.relay.prefect_api import PREFECT_AWAY
from deployments.relay.sweeper import sweep
from deployments.relay.tag_limits import TagLimits
from events.inbox.figures import fold_tally

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
DEAD_RUN_SECONDS = 5.0
TIDY_SECONDS = 30.0


@dataclass
class _Chore:
    run: Callable[[], object]
    seconds: float
    due_at: float = 0.0


class Housekeeping:
    """Everything that has to be done now and then. Several relays may do it at once."""

    def __init__(self) -> None:
        self._chores = [
            _Chore(sweep, SWEEP_SECONDS),
            _Chore(look_after_ended_runs, SWEEP_SECONDS),
            _Chore(cancel_runs, SWEEP_SECONDS),
            _Chore(crash_dead_runs, DEAD_RUN_SECONDS),
            _Chore(post_deaths, SWEEP_SECONDS),
            _Chore(tidy, TIDY_SECONDS),
            _Chore(_fold_tally, TIDY_SECONDS),
            _Chore(TagLimits().repair, TIDY_SECONDS),
        ]

    def do_what_is_due(self) -> None:
        """Do each chore whose time has come. While Prefect is away it is put off, and said so."""
        for chore in self._chores:
            if time.monotonic() < chore.due_at:
                continue
            chore.due_at = time.monotonic() + chore.seconds
            try:
                chore.run()
            except PREFECT_AWAY as error:
                logger.warning("Prefect is away, trying again: %s", error or type(error).__name__)
                return


def _fold_tally() -> None:
    with database().transaction() as connection:
        fold_tally(connection)
