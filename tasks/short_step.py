"""A step of a few milliseconds, which is a task run of Prefect's only if it fails: the task run would cost more than
the step, and Prefect's server as much again."""

import logging
from typing import ParamSpec, TypeVar

from prefect import Task

from groundwork.blocks.errors import ConfigurationError, ControlFlow, NonRetriable
from groundwork.events.inbox import running_attempt
from groundwork.tasks.light_step import LightStep

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


def call_short(step: Task[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a step with ``ledger=True`` or ``memoise=False`` as a job does, but without a task run. If that fails, the
    step is called as any other: with its retries, and seen in Prefect.

    Raises:
        ConfigurationError: the step's result is to be kept, which Prefect does with the task run; or no job is running.
        Exception: what the step raises: at once what no retry helps against, else of its last try.
    """
    light: LightStep = vars(step.fn)["light_step"]
    if light.retries.options.is_memoised:
        raise ConfigurationError(
            f"step {step.name} is called without a task run, which keeps what it returns: @step(ledger=True), or "
            "@step(memoise=False) if a later attempt may do it again"
        )
    if running_attempt().light is not None:
        return step(*args, **kwargs)
    try:
        return step.fn(*args, **kwargs)
    except (ConfigurationError, ControlFlow, NonRetriable):
        raise
    except Exception as error:
        logger.warning("step %s is tried again: %s", step.name, error)
        return step(*args, **kwargs)
