"""Which jobs there are, and what the inbox has to know of each."""

import importlib
import logging
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.blocks.plain_function import require_plain_result
from groundwork.blocks.settings import settings
from groundwork.events.base import Event
from groundwork.events.inbox import Attempt
from groundwork.events.inbox.jobs import Registration
from groundwork.flows.flow_control import FlowControl

logger = logging.getLogger(__name__)

OnFailure = Callable[[Any, BaseException], None]


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """What the inbox has to know of a job in order to deliver to it.

    Attributes:
        lane: runs at once in one workspace. Too low: a workspace waits for itself. Too high: it can fill the workers.
        priority: higher goes first where workers are short. Risk: nothing below runs while there is enough above.
        interactive: somebody is waiting; may use the capacity that bulk work is kept out of.
        ordered: a lane's deliveries run one after another in order of acceptance, and one that waits for its next
            attempt keeps those behind it waiting. Risk: a lane stands still behind a hopeless delivery.
        max_attempts: runs a delivery may use up before it is a dead letter.
        flow_control: batch, debounce, throttle and the others.
        on_failure: called with the event and the error when the job has finally failed; for each event of a batch.
        entrypoint: module and function, as a deployment names it.
    """

    name: str
    on: type[Event]
    lane: int
    priority: int
    interactive: bool
    ordered: bool
    max_attempts: int
    flow_control: FlowControl
    on_failure: OnFailure | None
    entrypoint: str = ""

    @property
    def registration(self) -> Registration:
        """What the inbox keeps of it."""
        batch = self.flow_control.batch
        return Registration(
            name=self.name,
            event_name=self.on.event_name,
            lane_limit=self.lane,
            priority=self.priority,
            interactive=self.interactive,
            ordered=self.ordered,
            max_attempts=self.max_attempts,
            batch_size=batch.size if batch else 1,
            batch_wait_seconds=batch.wait if batch else 0.0,
            flow_control=self.flow_control.document(self.on),
        )


_jobs: dict[str, JobSpec] = {}


def register(spec: JobSpec) -> None:
    """Make a job known; the last of a name counts."""
    _jobs[spec.name] = spec


def jobs() -> dict[str, JobSpec]:
    """Every job of this package, and of the modules that ``GROUNDWORK_PRELOAD`` names, by name."""
    own = [f"groundwork.flows.{module.name}" for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    for name in [*own, *settings().modules_to_preload]:
        importlib.import_module(name)
    return dict(_jobs)


def tell_of_failure(attempt: Attempt, error: BaseException) -> None:
    """Let the attempt's job do what is left to do when it has finally failed. Errors of that are logged only."""
    for event in [member.event for member in attempt.members]:
        tell_of_failed_event(attempt, event, error)


def tell_of_failed_event(attempt: Attempt, event: Event, error: BaseException) -> None:
    """The same for one event of a batch."""
    spec = _jobs.get(attempt.job) or jobs().get(attempt.job)
    if spec is None or spec.on_failure is None:
        return
    try:
        with attempt.as_current():
            told: object = spec.on_failure(event, error)
            require_plain_result(told, f"on_failure of job {spec.name}")
    except Exception:
        logger.exception("delivery %s has failed, and so has telling about it", attempt.delivery_id)
