"""The ``@job`` decorator: a Prefect flow that claims its delivery, runs its body, and settles."""

import importlib
import inspect
import logging
import os
import pkgutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from prefect import Flow, flow, get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.states import Completed

from blocks.errors import ConfigurationError, StaleAttempt
from blocks.settings import settings
from events.base import Event
from events.inbox import Attempt, claim
from events.inbox.claim import Run, claim_started_by_person, holder

logger = logging.getLogger(__name__)

Body = Callable[[Any], Any]
OnFailure = Callable[[Any, BaseException], None]


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """What the inbox has to know of a job in order to deliver to it.

    Attributes:
        lane: runs at once in one workspace. Too low: a workspace waits for itself. Too high: it can fill the workers.
        priority: higher goes first where workers are short.
        interactive: somebody is waiting; may use the capacity that bulk work is kept out of.
        ordered: a lane's deliveries also keep their order across retries.
        max_attempts: runs a delivery may use up before it is a dead letter.
        on_failure: called with the event and the error when the job has finally failed.
    """

    name: str
    on: type[Event]
    lane: int
    priority: int
    interactive: bool
    ordered: bool
    max_attempts: int
    on_failure: OnFailure | None


PICKED_UP_AT = "GROUNDWORK_PICKED_UP_AT"
"""Environment variable by which a worker tells a run when it took the run on (ISO 8601)."""

_jobs: dict[str, JobSpec] = {}


def jobs() -> dict[str, JobSpec]:
    """Every job of this package, by name."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"flows.{module.name}")
    return dict(_jobs)


def tell_of_failure(attempt: Attempt, error: BaseException) -> None:
    """Let the attempt's job do what is left to do when it has finally failed. Errors of that are logged only."""
    spec = jobs()[attempt.job] if attempt.job not in _jobs else _jobs[attempt.job]
    if spec.on_failure is None:
        return
    try:
        with attempt.as_current():
            spec.on_failure(attempt.event, error)
    except Exception:
        logger.exception("delivery %s has failed, and so has telling about it", attempt.delivery_id)


def job(
    *,
    on: type[Event],
    lane: int = 1,
    priority: int = 0,
    interactive: bool = False,
    ordered: bool = False,
    max_attempts: int | None = None,
    on_failure: OnFailure | None = None,
) -> Callable[[Body], Flow[..., Any]]:
    """Make a function of one event a job.

    The relay starts it with ``delivery_id``; a person starts it with the event's own fields, and that run is recorded
    in the inbox like any other.

    Args:
        on: the event type that the job listens to.
        lane, priority, interactive, ordered, max_attempts, on_failure: see :class:`JobSpec`.

    Raises:
        ConfigurationError: ``on`` is not an event type with a name, or ``lane`` is below 1.
    """
    if not on.event_name:
        raise ConfigurationError(f"@job(on={on.__name__}): the event type has no name")
    if lane < 1:
        raise ConfigurationError(f"@job(lane={lane}): a lane takes at least one run at once")

    def make(body: Body) -> Flow[..., Any]:
        spec = JobSpec(
            name=body.__name__.replace("_", "-"),
            on=on,
            lane=lane,
            priority=priority,
            interactive=interactive,
            ordered=ordered,
            max_attempts=max_attempts or settings().max_attempts,
            on_failure=on_failure,
        )
        _jobs[spec.name] = spec

        def run(**parameters: Any) -> Any:
            return _run(spec, body, parameters)

        run.__name__, run.__doc__, run.__module__ = body.__name__, body.__doc__, body.__module__
        signature = _parameters_of(on)
        vars(run)["__signature__"] = signature
        run.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
        return flow(name=spec.name, flow_run_name=None, persist_result=False)(run)

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


def _run(spec: JobSpec, body: Body, parameters: dict[str, Any]) -> Any:
    flow_run = _flow_run()
    attempt = _claim(spec, parameters, flow_run)
    if attempt is None:
        message = f"Delivery {parameters['delivery_id']} is not this run's: {holder(parameters['delivery_id'])}."
        logger.info(message)
        return Completed(name="Superseded", message=message)
    _label(flow_run, attempt)
    with attempt.running():
        try:
            result = body(attempt.event)
        except StaleAttempt:
            raise
        except Exception as error:
            attempt.fail(error)
            tell_of_failure(attempt, error)
            raise
        if isinstance(result, State):
            raise ConfigurationError(f"job {spec.name} returned a Prefect state; return plain data, or raise")
        attempt.settle(result)
    return result


def _claim(spec: JobSpec, parameters: dict[str, Any], flow_run: FlowRun) -> Attempt | None:
    run = Run(
        flow_run_id=flow_run.id,
        created_at=flow_run.created,
        process_started_at=_process_start(),
        picked_up_at=_picked_up(),
    )
    delivery_id = parameters.get("delivery_id")
    if delivery_id is not None:
        return claim(delivery_id, run)
    given = {name: value for name, value in parameters.items() if value is not None}
    return claim_started_by_person(spec.on.model_validate(given), spec.name, run)


def _flow_run() -> FlowRun:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise ConfigurationError("a job runs as a Prefect flow: call it, do not call its function")
    return context.flow_run


def _label(flow_run: FlowRun, attempt: Attempt) -> None:
    """Let the UI find the run by its workspace. Best effort: a label is not worth a run."""
    workspace_id = attempt.event.workspace_id
    try:
        with get_client(sync_client=True) as client:
            client.update_flow_run(
                flow_run.id,
                name=f"{attempt.job}/{workspace_id}/{str(attempt.event_id)[-12:]}",
                tags={*flow_run.tags, f"workspace:{workspace_id}"},
            )
    except Exception as error:
        logger.warning("flow run %s not labelled: %s", flow_run.id, error)


def _picked_up() -> datetime | None:
    told = os.environ.get(PICKED_UP_AT)
    return datetime.fromisoformat(told) if told else None


def _process_start() -> datetime:
    """When this process began, by its age: its creation time as such may be off by a second."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError):
        age = time.time() - psutil.Process().create_time()
    return datetime.now(UTC) - timedelta(seconds=age)
