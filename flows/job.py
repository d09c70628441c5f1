"""The ``@job`` decorator: a Prefect flow that claims its delivery, runs its body, and settles."""

import inspect
import logging
from collections.abc import Callable
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
    NonRetriable,
    StaleAttempt,
    Suspended,
)
from groundwork.blocks.options import taking
from groundwork.blocks.own_loop import outside_of_loops
from groundwork.blocks.plain_function import require_name, require_plain_function
from groundwork.events.base import Event
from groundwork.events.inbox import Attempt, claim, current_attempt
from groundwork.events.inbox.claim import claim_started_by_person
from groundwork.events.inbox.follow_on import BODY, sending_from
from groundwork.events.inbox.holder import holder_in_words, was_cancelled
from groundwork.events.inbox.under_way import refuse_threads_of_jobs
from groundwork.events.misfit import field_faults
from groundwork.flows.flow_run import as_claimant, current_flow_run
from groundwork.flows.form import form_of
from groundwork.flows.job_options import JobOptions
from groundwork.flows.light_host import Host
from groundwork.flows.registry import JobSpec, notify_job_of_misfits, register
from groundwork.flows.run_label import labelled
from groundwork.flows.settling import run_and_settle
from groundwork.tasks.step_results import StepResults
from groundwork.tasks.step_serializer import StepSerializer

logger = logging.getLogger(__name__)


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
        if spec.options.light and (host := Host.asked_for(spec, flow_run.id, delivery_id)):
            return host.run()
        attempt = claim(delivery_id, as_claimant(flow_run), spec.options.on)
        if attempt is None:
            return _superseded(f"Delivery {delivery_id} is not this run's: {holder_in_words(delivery_id)}.")
    else:
        attempt = claim_started_by_person(_event_of(spec.options.on, given), spec.name, as_claimant(flow_run))
        if attempt is None:
            return _superseded("The delivery that this run was recorded as has gone on without it.")
    with labelled(flow_run, attempt):
        return _work(spec, attempt)


def _work(spec: JobSpec, attempt: Attempt) -> Any:
    notify_job_of_misfits(attempt, attempt.ended_misfits)
    if not attempt.members:
        raise attempt.ended_misfits[0].event.error
    try:
        with attempt.running(), sending_from(attempt, BODY):
            return run_and_settle(spec, attempt)
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
