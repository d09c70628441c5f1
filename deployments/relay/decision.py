"""What is to become of a delivery whose run does not go on: decided here, carried out elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from prefect.client.schemas.objects import State, StateType

from groundwork.blocks.schema.states import DeliveryState
from groundwork.events.inbox.standing import Standing


@dataclass(frozen=True)
class Again:
    """It is queued again.

    Attributes:
        tries: how many there were; the pause grows with it.
        died: its run died with it, perhaps of it.
    """

    reason: str
    tries: int
    died: bool = False


@dataclass(frozen=True)
class End:
    """It ends.

    Attributes:
        outcome: ``failed`` or ``cancelled``.
    """

    outcome: str
    reason: str


@dataclass(frozen=True)
class StartAnother:
    """Another run is asked for, by the API."""


@dataclass(frozen=True)
class WaitOn:
    """Its run has not been started yet, and may be."""


Decision = Again | End | StartAnother | WaitOn


def of_overdue(
    delivery: Standing, run: State | None, *, cancelled: bool, now: datetime, pending_seconds: float
) -> Decision:
    """Decide on a delivery whose claim deadline has passed, or whose attempt let its lease run out.

    Args:
        run: the state of its flow run; None where Prefect has none.
        cancelled: whether somebody has cancelled the run.
        now: by the clock of Prefect's server, as far as it is known.
        pending_seconds: how long a run may take to start.
    """
    if delivery.state == DeliveryState.ADMITTED:
        if delivery.on_host:
            # That there is a host is looked after by itself.
            return WaitOn()
        waits = run is not None and waits_for_a_worker(run, now, pending_seconds)
        return WaitOn() if waits else _of_unclaimed(delivery, cancelled=cancelled)
    if cancelled and not delivery.on_host:
        return End("cancelled", "The run was cancelled while it ran.")
    reason = (
        f"Attempt {delivery.attempt} stopped renewing its lease at {delivery.lease_expires_at:%Y-%m-%d %H:%M:%S %Z}: "
        f"the process of flow run {delivery.flow_run_id} died, or lost the database."
    )
    if delivery.attempts_used >= delivery.max_attempts:
        return End("failed", f"{reason} It was the last of {delivery.max_attempts} attempts.")
    return Again(reason, delivery.attempts_used, died=not cancelled)


def _of_unclaimed(delivery: Standing, *, cancelled: bool) -> Decision:
    if cancelled:
        return End("cancelled", "The run was cancelled before it started.")
    if delivery.unclaimed >= delivery.max_attempts:
        last = f" The last error: {delivery.last_error}" if delivery.last_error else ""
        return End("failed", f"{delivery.unclaimed} runs were asked for that did not claim the delivery.{last}")
    return StartAnother()


def waits_for_a_worker(run: State, now: datetime, pending_seconds: float) -> bool:
    """Whether a run has not been started yet, and may be."""
    if run.type == StateType.PENDING:
        # A worker that dies as it starts a run leaves it pending for ever.
        return (now - run.timestamp).total_seconds() < pending_seconds
    return run.type == StateType.SCHEDULED


def of_ended_run(delivery: Standing, run: State, *, cancelled: bool, known_job: bool) -> Decision:
    """Decide on a delivery in flight whose run Prefect saw end.

    Args:
        run: the state that the run ended in.
        cancelled: whether somebody has cancelled the run.
        known_job: whether this process has the job's code.
    """
    claimed = delivery.state != DeliveryState.ADMITTED
    # Whoever cancels a host cancels none of the deliveries that it happens to hold.
    if cancelled and not delivery.on_host:
        return End("cancelled", f"The run was cancelled {'while it ran' if claimed else 'before it started'}.")
    # A job settles before its run ends: one that has claimed and not settled, was interrupted.
    what = (
        f"Attempt {delivery.attempt}: flow run {delivery.flow_run_id} was interrupted"
        if claimed
        else f"Flow run {delivery.flow_run_id} ended before it claimed the delivery"
    )
    reason = f"{what}: {(run.message or 'Prefect knows no reason').rstrip('.')}."
    if not known_job:
        reason += (
            f" No code of job {delivery.job} is here: it was removed, or its application is not loaded "
            "(GROUNDWORK_APPLICATIONS)."
        )
    tries = delivery.attempts_used if claimed else delivery.unclaimed
    if tries >= delivery.max_attempts:
        return End("failed", f"{reason} It was the last of {delivery.max_attempts} attempts.")
    return Again(reason, tries, died=claimed and run.type == StateType.CRASHED)


def of_deleted_run(delivery: Standing) -> Decision:
    """Decide on a delivery that is running, and whose run somebody has deleted in Prefect."""
    if delivery.on_host:
        return Again(f"Flow run {delivery.flow_run_id}, its host, was deleted.", delivery.attempts_used)
    return End("cancelled", f"Flow run {delivery.flow_run_id} was deleted while it ran.")


def of_refused(delivery: Standing, reason: str) -> Decision:
    """Decide on a delivery that Prefect makes no run for.

    Args:
        reason: a sentence that says what Prefect answered.
    """
    text = f"{reason.rstrip('.')}."
    if delivery.unclaimed < delivery.max_attempts:
        return Again(text, delivery.unclaimed)
    last = "" if delivery.unclaimed <= 1 else f" It was the last of {delivery.max_attempts} tries."
    return End("failed", f"{text}{last}")
