"""The ``@job`` decorator: a Prefect flow that claims its delivery, runs its body, and settles."""

import inspect
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed
from pydantic import ValidationError

from groundwork.blocks.database import database
from groundwork.blocks.errors import (
    ConfigurationError,
    ControlFlow,
    GroundworkError,
    NonRetriable,
    StaleAttempt,
    Suspended,
)
from groundwork.blocks.options import taking
from groundwork.blocks.own_loop import outside_of_loops
from groundwork.blocks.plain_function import as_json, require_name, require_plain_function
from groundwork.blocks.retry import database_went_away
from groundwork.blocks.storable import error_text, has_plain_text
from groundwork.events.base import Event
from groundwork.events.inbox import Attempt, claim, current_attempt
from groundwork.events.inbox.claim import claim_started_by_person
from groundwork.events.inbox.follow_on import BODY, sending_from
from groundwork.events.inbox.holder import holder_in_words, was_cancelled
from groundwork.events.inbox.under_way import refuse_threads_of_jobs
from groundwork.events.misfit import field_faults
from groundwork.flows.body import run_body
from groundwork.flows.flow_run import as_claimant, current_flow_run, label
from groundwork.flows.form import form_of
from groundwork.flows.job_options import JobOptions
from groundwork.flows.registry import JobSpec, notify_job_of_failed_event, notify_job_of_misfits, register
from groundwork.tasks.provider_limit import prefect_went_away
from groundwork.tasks.step_results import StepResults
from groundwork.tasks.step_serializer import StepSerializer

logger = logging.getLogger(__name__)


class JobFailed(GroundworkError):
    """The job failed with an error whose text cannot be stored as it is. Its dead letter has the same text."""


Body = Callable[[Any], Any]


class JobFlow(Flow[..., Any]):
    """The Prefect flow that a job is. Another job does not call it: that would be a second run of an event which nobody
    has sent, within the lease of the first."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if current_attempt() is None and "delivery_id" not in kwargs:
            refuse_threads_of_jobs(f"job {self.name}")
        _refuse_within_a_job(self.name)
        # A notebook and an async test have one, in which what Prefect has twice would give coroutines to plain steps.
        return outside_of_loops(partial(super().__call__, *args, **kwargs))


def _refuse_within_a_job(name: str) -> None:
    """Refuse a call of a job from a job or one of its steps.

    Raises:
        ConfigurationError: it is one; the message names the ways.
    """
    if attempt := current_attempt():
        raise ConfigurationError(
            f"job {attempt.job} calls job {name}. Send the event that it listens to: send(event) starts it on its own, "
            f"and invoke({name!r}, event) waits for its result"
        )


_flows: dict[str, Flow[..., Any]] = {}


def flow_of(job: str) -> Flow[..., Any]:
    """The Prefect flow of a job that has been imported.

    Raises:
        KeyError: there is none of this name.
    """
    return _flows[job]


@taking(JobOptions)
def job(options: JobOptions) -> Callable[[Body], JobFlow]:
    """Make a function of one event a job, ``def`` or ``async def``; with ``batch``, a function of a list of events.

    The relay starts it with ``delivery_id``; a person starts it with the event's own fields, and that run is recorded
    in the inbox like any other. With ``batch`` it returns None, or a list with one outcome per event: a result, or an
    exception, which fails that event alone.

    Args:
        options: by their names, as keywords: see :class:`~groundwork.flows.job_options.JobOptions`, and
            :mod:`groundwork.flows.flow_control` for batch, debounce, throttle and the like.

    Raises:
        ConfigurationError: there is no such option, ``on`` is missing or no event type with a name, ``lane`` is below
            1, options contradict, or the function or ``on_failure`` is no function or a generator.
    """

    def make(body: Body) -> JobFlow:
        require_plain_function(body, "@job")
        require_name(body, "@job")
        spec = JobSpec(name=body.__name__.replace("_", "-"), options=options, body=body)
        register(spec)

        def run(**parameters: Any) -> Any:
            return _run(spec, parameters)

        run.__name__, run.__doc__, run.__module__ = body.__name__, body.__doc__, body.__module__
        signature = _parameters_of(options.on)
        vars(run)["__signature__"] = signature
        run.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
        # Events are validated by their own model; Prefect would build another one of the parameters for each run.
        made = JobFlow(
            run,
            name=spec.name,
            flow_run_name=None,
            persist_result=False,
            # Nothing is written to it. Without one, Prefect asks its server for a default in each run.
            result_storage=StepResults.of(StepSerializer.of(body)),
            validate_parameters=False,
        )
        # A deployment's schema is made of the flow's signature, a call's parameters of the function's.
        vars(made)["__signature__"] = form_of(options.on)
        _flows[spec.name] = made
        return made

    return make


def _parameters_of(on: type[Event]) -> inspect.Signature:
    """``delivery_id`` or the event's fields: each optional for Prefect, since the one or the other is given."""
    fields = {"delivery_id": UUID | None} | {
        name: field.annotation | None  # type: ignore[operator]
        for name, field in on.model_fields.items()
    }
    return inspect.Signature(
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
            for name, annotation in fields.items()
        ]
    )


def _run(spec: JobSpec, parameters: dict[str, Any]) -> Any:
    _refuse_within_a_job(spec.name)
    flow_run = current_flow_run()
    given = {name: value for name, value in parameters.items() if value is not None}
    if "delivery_id" in given:
        delivery_id = UUID(str(given["delivery_id"]))
        attempt = claim(delivery_id, as_claimant(flow_run), spec.options.on)
        if attempt is None:
            return _superseded(f"Delivery {delivery_id} is not this run's: {holder_in_words(delivery_id)}.")
    else:
        attempt = claim_started_by_person(_event_of(spec.options.on, given), spec.name, as_claimant(flow_run))
        if attempt is None:
            return _superseded("The delivery that this run was recorded as has gone on without it.")
    label(flow_run, attempt)
    notify_job_of_misfits(attempt, attempt.ended_misfits)
    if not attempt.members:
        raise attempt.ended_misfits[0].event.error
    try:
        with attempt.running(), sending_from(attempt, BODY):
            return _run_body(spec, attempt)
    except Suspended as waiting:
        return Completed(name="Suspended", message=str(waiting))
    except StaleAttempt:
        with database().transaction() as connection:
            cancelled = was_cancelled(connection, attempt.delivery_id)
        if not cancelled:
            raise
        return Cancelled(message=f"Delivery {attempt.delivery_id} was cancelled while it ran.")


def _event_of(on: type[Event], given: dict[str, Any]) -> Event:
    """The event of a run that a person or a schedule has started.

    Raises:
        NonRetriable: its parameters make none; the message names each that is at fault.
    """
    try:
        return on.model_validate(given)
    except ValidationError as error:
        faults = "".join(f"\n  {each}" for each in field_faults(error))
        raise NonRetriable(f"The parameters make no {on.event_name}. Correct them and run again:{faults}") from None


def _superseded(message: str) -> State[Any]:
    logger.info(message)
    return Completed(name="Superseded", message=message)


def _run_body(spec: JobSpec, attempt: Attempt) -> Any:
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
