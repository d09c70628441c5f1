"""A step of a light run: a plain call with the options of ``@step``, without a task run of Prefect's."""

import asyncio
import inspect
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prefect.utilities.timeout import timeout

from groundwork.blocks.settings import settings
from groundwork.blocks.storable import error_text
from groundwork.events.inbox import Attempt
from groundwork.events.inbox.light_state import LightState
from groundwork.tasks import step_retries
from groundwork.tasks.step_results import read_result, result_key, write_result
from groundwork.tasks.step_retries import StepRetries, sleep_beside_others
from groundwork.tasks.step_serializer import StepSerializer
from groundwork.tasks.step_work import StepWork

_PROVIDER_POLL_SECONDS = 0.05
"""How often an async step asks for its turn at a provider: the turns are those of threads, and of several loops."""

_turns: defaultdict[str, threading.BoundedSemaphore] = defaultdict(
    lambda: threading.BoundedSemaphore(settings().workspace_provider_limit)
)
"""Of each workspace's provider steps in this process."""


@dataclass(frozen=True)
class LightStep:
    """How a step is called in a light run.

    Attributes:
        signature: of its function, as callers see it.
        serializer: of its results; None where they are not kept.
    """

    signature: inspect.Signature
    retries: StepRetries
    serializer: StepSerializer | None

    def call(self, attempt: Attempt, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a plain step.

        Args:
            function: what one try of it does.

        Returns:
            What it returned, in this attempt or an earlier one.

        Raises:
            Exception: of its last try.
        """
        call = _Call(self, attempt, self._parameters(args, kwargs))
        if (known := call.known()) is not None:
            return known[0]
        if (written := call.state.flush()) is not None:
            written.result()
        while True:
            try:
                with call.one_try(), timeout(self.retries.options.timeout):
                    result = function(*args, **kwargs)
            except Exception as error:
                pause = call.pause_after(error)
                if pause is None:
                    raise
                step_retries.sleep(pause)
            else:
                call.succeeded(result)
                return result

    async def call_beside_others(
        self, attempt: Attempt, function: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Call an async step; see :meth:`call`."""
        call = _Call(self, attempt, self._parameters(args, kwargs))
        if (known := call.known()) is not None:
            return known[0]
        if (written := call.state.flush()) is not None:
            await asyncio.wrap_future(written)
        while True:
            try:
                async with call.one_try_beside_others(), asyncio.timeout(self.retries.options.timeout):
                    result = await function(*args, **kwargs)
            except Exception as error:
                pause = call.pause_after(error)
                if pause is None:
                    raise
                await sleep_beside_others(pause)
            else:
                call.succeeded(result)
                return result

    def work(self, args: Any, kwargs: Any) -> StepWork:
        """The work of a call.

        Raises:
            TypeError: the function takes no such arguments.
        """
        return StepWork.of(self.retries.step, self.retries.options.key, self._parameters(args, kwargs))

    def _parameters(self, args: Any, kwargs: Any) -> dict[str, Any]:
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.arguments


class _Call:
    """One call of a step."""

    def __init__(self, step: LightStep, attempt: Attempt, parameters: dict[str, Any]) -> None:
        assert attempt.light is not None
        self.state: LightState = attempt.light
        self._step, self._attempt, self._parameters = step, attempt, parameters
        self._tries = 0
        self._began_at = self.state.now()

    @property
    def _name(self) -> str:
        return self._step.retries.step.short

    @cached_property
    def _work(self) -> str | None:
        """Names the step and its inputs; None where its result is not kept.

        Raises:
            ConfigurationError: an input cannot be part of it.
        """
        if self._step.serializer is None:
            return None
        return StepWork.of(self._step.retries.step, self._step.retries.options.key, self._parameters).name

    def known(self) -> tuple[Any] | None:
        """What the step returned before for the same work; None where it is to be done.

        Raises:
            ConfigurationError: another function of the step's identity was called in this attempt.
        """
        serializer, work = self._step.serializer, self._work
        if serializer is None or work is None:
            return None
        self._step.retries.step.require_one_function(self._attempt)
        done, text = self.state.result_of(work)
        if text is not None:
            return (serializer.loads(text.encode()),)
        if done or self._attempt.token > 1:
            # An attempt in a run of its own has kept all of its results there.
            found, result = read_result(result_key(self._attempt.delivery_id, work), serializer)
            return (result,) if found else None
        return None

    @contextmanager
    def one_try(self) -> Iterator[None]:
        """Count a try, and wait for the provider's turn."""
        self._tries += 1
        provider = self._step.retries.options.provider
        with _turns[self._attempt.workspace_id] if provider else nullcontext():
            yield

    @asynccontextmanager
    async def one_try_beside_others(self) -> AsyncIterator[None]:
        """Count a try, and wait for the provider's turn while others go on."""
        self._tries += 1
        if not self._step.retries.options.provider:
            yield
            return
        turns = _turns[self._attempt.workspace_id]
        while not turns.acquire(blocking=False):
            await asyncio.sleep(_PROVIDER_POLL_SECONDS)
        try:
            yield
        finally:
            turns.release()

    def pause_after(self, error: Exception) -> float | None:
        """Seconds until the next try; None where there is none in this run, and the step has failed or is put off."""
        pause = self._step.retries.pause(self._tries, error, self._parameters)
        if pause is None:
            self.state.note(self._name, None, self._began_at, self._tries, error=error_text(error))
        return pause

    def succeeded(self, result: Any) -> None:
        """Keep what the step returned: a small result with what is written next, a large one in the blob store."""
        text, serializer, work = None, self._step.serializer, self._work
        if serializer is not None and work is not None:
            text = serializer.dumps(result)
            if len(text) > settings().kept_result_bytes:
                write_result(result_key(self._attempt.delivery_id, work), text, serializer)
                text = None
        self.state.note(self._name, work, self._began_at, self._tries, result=None if text is None else text.decode())
