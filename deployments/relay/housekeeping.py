"""What the relay does besides admitting, each part at intervals of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from groundwork.blocks.cures import PREFECT, cure_of
from groundwork.blocks.database import database
from groundwork.blocks.outages import Outages
from groundwork.deployments.clocks import clocks
from groundwork.deployments.relay.automations import Automations
from groundwork.deployments.relay.blockages import look_for_blockages, post_blockages
from groundwork.deployments.relay.cancelled_runs import cancel_runs
from groundwork.deployments.relay.dead_letters import post_deaths
from groundwork.deployments.relay.dead_runs import crash_dead_runs
from groundwork.deployments.relay.deleted_runs import cancel_deleted_runs
from groundwork.deployments.relay.ended_runs import redeliver_ended_runs
from groundwork.deployments.relay.light_hosts import look_for_hosts
from groundwork.deployments.relay.startable import Startable
from groundwork.deployments.relay.sweeper import sweep
from groundwork.deployments.relay.tag_limits import TagLimits
from groundwork.events.inbox.admission import tidy
from groundwork.events.inbox.figures import fold_tally

SWEEP_SECONDS = 2.0
DEAD_RUN_SECONDS = 5.0
WIRING_SECONDS = 5.0
TIDY_SECONDS = 30.0
CLOCK_SECONDS = 60.0


@dataclass
class _Chore:
    name: str
    run: Callable[[], object]
    seconds: float
    asks_prefect: bool = True
    due_at: float = 0.0


class Housekeeping:
    """Everything that has to be done now and then. Several relays may do it at once.

    Args:
        outages: takes note of chores that fail.
        startable: what is known of the jobs' wiring, kept up to date here.
        automations: whether they make runs, kept up to date here.
    """

    def __init__(self, outages: Outages, startable: Startable, automations: Automations) -> None:
        self._outages = outages
        self._chores = [
            _Chore("comparing clocks", clocks().read, CLOCK_SECONDS),
            _Chore("looking at the wiring", startable.look, WIRING_SECONDS),
            _Chore("looking for runs of automations", automations.look, SWEEP_SECONDS),
            _Chore("sweeping", partial(sweep, automations), SWEEP_SECONDS),
            _Chore("looking for ended runs", redeliver_ended_runs, SWEEP_SECONDS),
            _Chore("looking for hosts", look_for_hosts, SWEEP_SECONDS),
            _Chore("cancelling runs", cancel_runs, SWEEP_SECONDS),
            _Chore("looking for deleted runs", cancel_deleted_runs, DEAD_RUN_SECONDS),
            _Chore("looking for dead runs", crash_dead_runs, DEAD_RUN_SECONDS),
            _Chore("telling of deaths", post_deaths, SWEEP_SECONDS),
            _Chore("looking for what is blocked", look_for_blockages, SWEEP_SECONDS, asks_prefect=False),
            _Chore("telling of what is blocked", post_blockages, SWEEP_SECONDS),
            _Chore("tidying up", tidy, TIDY_SECONDS, asks_prefect=False),
            _Chore("adding up the tally", _fold_tally, TIDY_SECONDS, asks_prefect=False),
            _Chore("repairing tag limits", TagLimits().repair, TIDY_SECONDS),
        ]

    def do_what_is_due(self) -> None:
        """Do each chore whose time has come. One that fails is tried again later and keeps no other back; but while
        Prefect is away, not all of them wait for its silence."""
        prefect_away = False
        for chore in self._chores:
            if time.monotonic() < chore.due_at or (prefect_away and chore.asks_prefect):
                continue
            with self._outages.watching(chore.name) as trial:
                chore.run()
            chore.due_at = time.monotonic() + (trial.pause or chore.seconds)
            prefect_away = prefect_away or (
                trial.error is not None and cure_of(trial.error, chore.name).subject == PREFECT
            )


def _fold_tally() -> None:
    with database().transaction() as connection:
        fold_tally(connection)
