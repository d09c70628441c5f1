"""When a step is tried again: at once, in a few seconds, or by another run of its job."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext

from groundwork.blocks.errors import ConfigurationError, GroundworkError, NonRetriable, PutOff, RetryAfter, StaleAttempt
from groundwork.events.inbox import Attempt, current_attempt
from groundwork.events.inbox.put_off import earlier_tries
from groundwork.tasks.step_identity import StepIdentity
from groundwork.tasks.step_options import StepOptions
from groundwork.tasks.step_work import StepWork

JITTER = 0.5
"""Each delay is spread by this share of it to either side, so that those that failed together spread out."""
LONGEST_IN_PLACE = 10.0
"""Seconds that a run waits for the next try of a step. For a longer wait it ends, and gives its worker's place back."""
LONGEST_WAIT = 300.0
"""Seconds that a run waits which cannot end for it: that of a batch, or of no job."""
LONGEST_OUTAGE = 86_400.0
"""Seconds for which a provider may put a step off, again and again; after that the step has failed."""

sleep = time.sleep
"""How a run waits for the next try of a step. The test kit does not."""


async def sleep_beside_others(seconds: float) -> None:
    """Wait as :data:`sleep` does, while other tasks of the event loop go on."""
    if sleep is time.sleep:
        await asyncio.sleep(seconds)
    else:
        sleep(seconds)


@dataclass(frozen=True)
class StepRetries:
    """What Prefect asks after a failed try, while there are retries left and outside of the step's timeout."""

    step: StepIdentity
    options: StepOptions

    def condition(self, *, beside_others: bool) -> Callable[..., Any]:
        """What says whether to try again. It waits for what is to be waited for beyond the delay that Prefect adds.

        Args:
            beside_others: other async steps of the job go on meanwhile. Prefect then awaits it; it calls functions
                only, and no methods.
        """

        def decide(_task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
            again, seconds = self._next_try(run.run_count, state.data, self._work)
            sleep(seconds)
            return again

        async def decide_beside_others(_task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
            again, seconds = self._next_try(run.run_count, state.data, self._work)
            await sleep_beside_others(seconds)
            return again

        return decide_beside_others if beside_others else decide

    def pause(self, done: int, error: Exception, parameters: Mapping[str, Any]) -> float | None:
        """Seconds until the next try where Prefect adds none.

        Args:
            done: tries of this run.
            error: of the last one.
            parameters: of the call.

        Returns:
            None where there is none in this run. What is put off is marked, for the caller of the step.
        """
        if done > self.options.retries:
            return None
        again, beyond = self._next_try(done, error, lambda: self._work_of(parameters))
        least = self.options.delays[done - 1] * (1 - JITTER)
        # Some wait the whole of the spread longer, as in Prefect.
        return least * random.uniform(1, (1 + JITTER) / (1 - JITTER)) + beyond if again else None  # noqa: S311

    def _next_try(self, done: int, error: object, work_of: Callable[[], str]) -> tuple[bool, float]:
        """Whether there is one in this run, and how long to wait for it beyond Prefect's delay, which is fixed where a
        step is defined. What is put off is marked, for the caller of the step."""
        if isinstance(error, NonRetriable | ConfigurationError | StaleAttempt) or not isinstance(error, Exception):
            return False, 0.0
        attempt, work = current_attempt(), work_of()
        before = earlier_tries(attempt, work) if attempt else None
        tries = done + (before.tries if before else 0)
        prefects = self.options.delays[done - 1] * (1 - JITTER)
        if isinstance(error, RetryAfter):
            outage = (datetime.now(UTC) - before.since).total_seconds() if before else 0.0
            if outage > LONGEST_OUTAGE:
                return False, 0.0
            if error.seconds > LONGEST_IN_PLACE and _may_wait(attempt):
                # What a provider asks for uses up no try.
                return _put_off(error, PutOff(self.step.short, work, _spread(error.seconds, 1.0, 1.1), tries - 1))
        if tries > self.options.retries:
            return False, 0.0
        delay = self.options.delays[tries - 1]
        if delay > LONGEST_IN_PLACE and _may_wait(attempt):
            return _put_off(error, PutOff(self.step.short, work, _spread(delay, 1 - JITTER, 1 + JITTER), tries))
        asked = min(error.seconds, LONGEST_WAIT) if isinstance(error, RetryAfter) else delay * (1 - JITTER)
        return True, max(asked - prefects, 0.0)

    def _work(self) -> str:
        context = TaskRunContext.get()
        return self._work_of(context.parameters if context else {})

    def _work_of(self, parameters: Mapping[str, Any]) -> str:
        """Names the work across runs."""
        try:
            return StepWork.of(self.step, self.options.key, parameters).name
        except ConfigurationError:
            return self.step.full


def _spread(seconds: float, least: float, most: float) -> float:
    """Seconds between two shares of these."""
    return seconds * random.uniform(least, most)  # noqa: S311 - nobody gains by guessing it


def _may_wait(attempt: Attempt | None) -> bool:
    return attempt is not None and attempt.may_wait


def _put_off(error: Exception, put_off: PutOff) -> tuple[bool, float]:
    put_off.reason = f"{type(error).__name__}: {error}"
    put_off.blockage = error.blockage if isinstance(error, GroundworkError) else None
    PutOff.mark(error, put_off)
    return False, 0.0
