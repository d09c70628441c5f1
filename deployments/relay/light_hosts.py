"""Hosts of light deliveries: asked for as runs are, and asked for again where none has come."""

import logging
from collections.abc import Sequence

from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.clocks import clocks
from groundwork.deployments.relay.decision import waits_for_a_worker
from groundwork.deployments.relay.one_by_one import one_by_one
from groundwork.deployments.relay.prefect_api import run_state, waiting_run
from groundwork.deployments.relay.sweeper import pending_seconds
from groundwork.events.inbox.admission import Admitted
from groundwork.events.inbox.hosts import Ask, ask_for_hosts, ask_on, drop_ask, overdue_asks

logger = logging.getLogger(__name__)


def hosts_to_start(held: Sequence[str]) -> list[Admitted]:
    """Deliveries with which hosts are to be started, as Prefect is told of them.

    Args:
        held: jobs that cannot start.
    """
    wanted = ask_for_hosts(held)
    for each in wanted:
        logger.info("a host of light runs is asked for, with delivery %s (%s)", each.id, each.job)
    return wanted


def look_for_hosts() -> int:
    """Give hosts that were asked for more time where their runs wait for a worker, and ask anew for the others.

    Returns:
        How many were overdue.

    Raises:
        httpx.HTTPError: Prefect is away.
    """
    asks = overdue_asks()
    one_by_one(asks, _decide_on)
    return len(asks)


def _decide_on(ask: Ask) -> None:
    flow_run_id = waiting_run(ask.job, ask.delivery_id)
    run = run_state(flow_run_id) if flow_run_id else None
    if run is not None and waits_for_a_worker(run, clocks().prefect_now(), pending_seconds(WORK_POOL)):
        ask_on(ask)
        return
    logger.warning(
        "the host that was asked for with delivery %s has not come; another one is asked for", ask.delivery_id
    )
    drop_ask(ask)
