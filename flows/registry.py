"""Which jobs there are, and what the inbox has to know of each."""

import inspect
import logging
from asyncio import CancelledError
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.blocks.applications import applications
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.exits import exit_as_failure
from groundwork.blocks.own_loop import run_in_own_loop
from groundwork.blocks.place import is_same_definition, place_of
from groundwork.blocks.plain_function import is_async, require_plain_result
from groundwork.blocks.process_cache import process_cache
from groundwork.events.base import Event
from groundwork.events.inbox import Attempt
from groundwork.events.inbox.jobs import Registration
from groundwork.events.inbox.members import MisfitMember
from groundwork.events.misfit import Misfit
from groundwork.flows.job_options import JobOptions

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """A job: its name, its options and its function.

    Attributes:
        name: of the function, with hyphens.
        options: what ``@job`` said.
        body: the function.
    """

    name: str
    options: JobOptions
    body: Callable[..., Any]

    @property
    def entrypoint(self) -> str:
        """Module and function, as a deployment names them."""
        return f"{self.body.__module__}.{self.body.__name__}"

    @property
    def registration(self) -> Registration:
        """What the inbox keeps of it."""
        options, batch = self.options, self.options.batch
        return Registration(
            name=self.name,
            event_name=options.on.event_name,
            lane_limit=options.lane_limit,
            priority=options.priority,
            interactive=options.interactive,
            ordered=options.ordered,
            max_attempts=options.attempts,
            batch_size=batch.size if batch else 1,
            # Of a debounced batch nothing comes any more once it is quiet.
            batch_wait_seconds=batch.wait if batch and not options.debounce else 0.0,
            flow_control=options.document(options.on),
            light=options.light,
            work_pool=options.work_pool,
        )


_jobs: dict[str, JobSpec] = {}


def register(spec: JobSpec) -> None:
    """Make a job known.

    Raises:
        ConfigurationError: another one has its name, or a pool of its name with other limits; the message names both.
    """
    other = _jobs.get(spec.name)
    if other is not None and not is_same_definition(other.body, spec.body):
        raise ConfigurationError(
            f"two jobs are named {spec.name}: {place_of(other.body)} and {place_of(spec.body)}; rename one"
        )
    _check_pools(spec)
    _jobs[spec.name] = spec


def _check_pools(spec: JobSpec) -> None:
    declared = {
        pool.name: (pool, other) for other in _jobs.values() if other.name != spec.name for pool in other.options.pools
    }
    for pool in spec.options.pools:
        known, other = declared.get(pool.name, (pool, spec))
        if known != pool:
            raise ConfigurationError(
                f"the pool {pool.name!r} has other limits in two jobs: {known} in {other.name} "
                f"({place_of(other.body)}), {pool} in {spec.name} ({place_of(spec.body)}); give both the same object"
            )


def jobs() -> dict[str, JobSpec]:
    """Every job of every application, by name.

    Raises:
        ConfigurationError: an application cannot be imported, or two jobs have one name.
    """
    _load()
    return dict(_jobs)


@process_cache
def _load() -> None:
    for application in applications():
        application.load(application.jobs)


def notify_job_of_failure(attempt: Attempt, error: BaseException) -> None:
    """Run the job's ``on_failure`` hook for each event of an attempt. Its own errors are only logged."""
    events: list[Event | Misfit] = [each.event for each in attempt.members]
    for event in [*events, *(each.event for each in attempt.misfits)]:
        notify_job_of_failed_event(attempt, event, error)


def notify_job_of_misfits(attempt: Attempt, misfits: Sequence[MisfitMember]) -> None:
    """Run the job's ``on_failure`` hook for events that do not fit their type. Its own errors are only logged."""
    for member in misfits:
        logger.error("delivery %s of job %s has failed: %s", member.delivery_id, attempt.job, member.event.error)
        notify_job_of_failed_event(attempt, member.event, member.event.error)


def notify_job_of_failed_event(attempt: Attempt, event: Event | Misfit, error: BaseException) -> None:
    """Run the job's ``on_failure`` hook for one event of an attempt. Its own errors are only logged."""
    spec = _jobs.get(attempt.job) or jobs().get(attempt.job)
    if spec is None or spec.options.on_failure is None:
        return
    try:
        with attempt.as_current(), exit_as_failure(f"on_failure of job {spec.name}"):
            told: object = spec.options.on_failure(event, error)
            if is_async(spec.options.on_failure) and inspect.iscoroutine(told):
                told = run_in_own_loop(told)
            require_plain_result(told, f"on_failure of job {spec.name}")
    except (Exception, CancelledError, GeneratorExit):
        logger.exception("delivery %s has failed, and so has telling about it", attempt.delivery_id)
