"""A job's body run to its end, and what each delivery ends with."""

from collections.abc import Sequence
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed

from groundwork.blocks.errors import ConfigurationError, ControlFlow, GroundworkError
from groundwork.blocks.plain_function import as_json
from groundwork.blocks.retry import database_went_away
from groundwork.blocks.storable import error_text, has_plain_text
from groundwork.events.inbox import Attempt
from groundwork.events.inbox.traces import traced_attempt
from groundwork.flows.body import run_body
from groundwork.flows.registry import JobSpec, notify_job_of_failed_event, notify_job_of_misfits
from groundwork.tasks.provider_limit import prefect_went_away


class JobFailed(GroundworkError):
    """The job failed with an error whose text cannot be stored as it is. Its dead letter has the same text."""


def run_and_settle(spec: JobSpec, attempt: Attempt) -> Any:
    """Run a job's body for an attempt, and settle its deliveries.

    Returns:
        What the body returned; of a batch some of whose events failed, the state that says so.

    Raises:
        ControlFlow, Suspended: the run ends, and its delivery does not.
        JobFailed: the delivery has failed, with an error whose text cannot be stored as it is.
        Exception: the delivery has failed with it; or database or Prefect went away, and nothing has ended.
    """
    with traced_attempt(attempt):
        return _run_and_settle(spec, attempt)


def _run_and_settle(spec: JobSpec, attempt: Attempt) -> Any:
    try:
        result = run_body(spec, attempt)
        outcomes = _outcomes(spec, result, attempt)
    except ControlFlow:
        raise
    except Exception as error:
        if database_went_away(error) or prefect_went_away(error):
            raise
        attempt.fail(error)
        for member in attempt.members:
            notify_job_of_failed_event(attempt, member.event, error)
        notify_job_of_misfits(attempt, attempt.misfits)
        if not has_plain_text(error):
            # Prefect would answer 503 to the run's state, again and again.
            raise JobFailed(error_text(error)) from None
        raise
    attempt.settle_each(outcomes)
    return _notified_of_failures(attempt, outcomes) or result


def _outcomes(spec: JobSpec, result: Any, attempt: Attempt) -> Sequence[Any]:
    """What each delivery ends with."""
    if isinstance(result, State):
        raise ConfigurationError(f"job {spec.name} returned a Prefect state; return plain data, or raise")
    if not spec.options.batch or result is None:
        return [as_json(result, f"job {spec.name}")] * len(attempt.members)
    if not isinstance(result, list) or len(result) != len(attempt.members):
        raise ConfigurationError(
            f"job {spec.name} takes batches: return None, or a list of {len(attempt.members)} outcomes, one per event"
        )
    return [_outcome(spec, each, place) for place, each in enumerate(result)]


def _outcome(spec: JobSpec, outcome: Any, place: int) -> Any:
    """What one delivery of a batch ends with. What cannot be kept fails this one alone."""
    if isinstance(outcome, BaseException):
        return outcome
    try:
        return as_json(outcome, f"job {spec.name}", f"result[{place}]")
    except ConfigurationError as error:
        return error


def _notified_of_failures(attempt: Attempt, outcomes: Sequence[Any]) -> State[Any] | None:
    """Notify the job of each event of a batch that failed alone; the run's state says how many they were."""
    failed = [
        (member.event, outcome)
        for member, outcome in zip(attempt.members, outcomes, strict=True)
        if isinstance(outcome, BaseException)
    ]
    for event, error in failed:
        notify_job_of_failed_event(attempt, event, error)
    notify_job_of_misfits(attempt, attempt.misfits)
    misfits = [*attempt.misfits, *attempt.ended_misfits]
    errors = [error for _, error in failed] + [each.event.error for each in misfits]
    if not errors:
        return None
    message = f"{len(errors)} of {len(outcomes) + len(misfits)} events failed: {error_text(errors[0])}"
    return Completed(name="PartlyFailed", message=message)
