"""Runs that somebody deletes while they run: their deliveries are cancelled, and may write nothing more."""

from groundwork.deployments.relay.decision import of_deleted_run
from groundwork.deployments.relay.one_by_one import one_by_one
from groundwork.deployments.relay.prefect_api import deleted_runs
from groundwork.deployments.relay.redelivery import carry_out
from groundwork.events.inbox.runs import running


def cancel_deleted_runs() -> int:
    """Cancel the deliveries whose runs were deleted. Where nothing runs, Prefect is not asked.

    Returns:
        How many there were.

    Raises:
        httpx.HTTPError: Prefect is away.
        Exception: one delivery failed; the others were decided on.
    """
    by_run = {each.flow_run_id: each for each in running() if each.flow_run_id is not None}
    deleted = [by_run[each] for each in (deleted_runs(by_run) if by_run else ())]
    one_by_one(deleted, lambda each: carry_out(each, of_deleted_run(each), at_once=True))
    return len(deleted)
