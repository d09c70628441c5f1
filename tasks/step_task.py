"""The Prefect task that a step is: what is checked, and noted, when it is called."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from prefect import Task
from prefect.utilities.callables import expand_mapping_parameters, get_call_parameters, parameters_to_args_kwargs

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.own_loop import is_within_a_loop
from groundwork.events.inbox import Attempt, current_attempt
from groundwork.events.inbox.under_way import refuse_threads_of_jobs
from groundwork.tasks.light_future import LightFutures, submitted
from groundwork.tasks.light_step import LightStep
from groundwork.tasks.provider_limit import provider_tag
from groundwork.tasks.step_calls import beyond_handlers, noted_call, noted_future
from groundwork.tasks.step_results import kept_result

P = ParamSpec("P")
R = TypeVar("R")

_running: ContextVar[str | None] = ContextVar("running_step", default=None)


@contextmanager
def running_step(name: str) -> Iterator[None]:
    """Be the step that runs until the block ends."""
    mark = _running.set(name)
    try:
        yield
    finally:
        _running.reset(mark)


def current_step() -> str | None:
    """Name of the step whose function the calling code runs in."""
    return _running.get()


class StepTask(Task[P, R]):
    """A step.

    It is called by a job, not by another step: Prefect keeps the result of a task within a task only once the outer one
    has ended well, so that each try of the outer one would do the inner one again, and both retry.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._require_job()
        return noted_call(self.name, self._beyond_handlers(lambda: self._called(*args, **kwargs)))

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        self._require_job()
        return noted_future(self._submitted(*args, **kwargs))

    def map(self, *args: Any, **kwargs: Any) -> Any:
        self._require_job()
        return noted_future(self._mapped(*args, **kwargs))

    def _called(self, *args: Any, **kwargs: Any) -> Any:
        """What a call gives: by Prefect's engine, or in a light run without it."""
        if (attempt := _light_attempt()) is None:
            kept = self._kept(args, kwargs)
            return super().__call__(*args, **kwargs) if kept is None else kept[0]
        return self._called_in_light_run(attempt, args, kwargs)

    def _kept(self, args: Any, kwargs: dict[str, Any]) -> tuple[Any] | None:
        """What an earlier attempt has kept of a plain call. Prefect's engine would find the same, in many times the
        time, and with a task run that says only that."""
        attempt = current_attempt()
        light: LightStep = vars(self.fn)["light_step"]
        if attempt is None or attempt.token == 1 or self.isasync or light.serializer is None:
            return None
        try:
            work = light.work(args, kwargs)
            return kept_result(work.result_key(attempt), light.serializer)
        except (ConfigurationError, TypeError):
            # The call itself says what is wrong; or it has options of Prefect's, such as return_state.
            return None

    def _submitted(self, *args: Any, **kwargs: Any) -> Any:
        if (attempt := _light_attempt()) is None:
            return super().submit(*args, **kwargs)
        return self._submitted_in_light_run(attempt, args, kwargs)

    def _mapped(self, *args: Any, **kwargs: Any) -> Any:
        if (attempt := _light_attempt()) is None:
            return super().map(*args, **kwargs)
        kwargs.pop("deferred", None)
        awaited = kwargs.pop("wait_for", None)
        calls = expand_mapping_parameters(self.fn, get_call_parameters(self.fn, args, kwargs, apply_defaults=False))
        return LightFutures(
            self._submitted_in_light_run(attempt, *parameters_to_args_kwargs(self.fn, each), awaited=awaited)
            for each in calls
        )

    def _submitted_in_light_run(self, attempt: Attempt, args: Any, kwargs: dict[str, Any], awaited: Any = None) -> Any:
        assert attempt.light is not None

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._beyond_handlers(lambda: self._called_in_light_run(attempt, args, kwargs))

        return submitted(attempt.light, call, args, kwargs | ({"wait_for": awaited} if awaited else {}))

    def _called_in_light_run(self, attempt: Attempt, args: Any, kwargs: dict[str, Any]) -> Any:
        for each in kwargs.pop("wait_for", None) or ():
            each.wait()
        if kwargs.pop("return_state", False):
            raise ConfigurationError(
                f"step {self.name} is called with return_state=True in a light run, where a step has no state of "
                "Prefect's: call it without, and catch its error"
            )
        light: LightStep = vars(self.fn)["light_step"]
        return (light.call_beside_others if self.isasync else light.call)(attempt, self.fn, *args, **kwargs)

    def _beyond_handlers(self, call: Callable[[], Any]) -> Any:
        """What a call gives. Where it puts the step off, no handler of errors in the job's body sees that."""
        if self.isasync:
            return _awaited_beyond_handlers(call)
        try:
            return call()
        except Exception as error:
            raise beyond_handlers(error) from error.__cause__

    def _require_job(self) -> None:
        if current_attempt() is None:
            refuse_threads_of_jobs(f"step {self.name}")
        if outer := current_step():
            function = self.name.replace("-", "_")
            raise ConfigurationError(
                f"step {self.name} is called within step {outer}, whose every try would do it again. Call it from the "
                f"job's body and hand what it returns to {outer}; or call its plain function, {function}.fn(…), as a "
                f"part of {outer}"
            )


class ProviderStep(StepTask[P, R]):
    """A step that calls a provider: each call carries the tag of the workspace whose job makes it.

    In the event loop of an async job it is async: a plain one would keep the loop from those whose slot it waits for.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._require_job()
        if not self.isasync and is_within_a_loop():
            function = self.name.replace("-", "_")
            raise ConfigurationError(
                f"step {self.name} is a plain one with provider=True, and an event loop would stand still while it "
                f"waits for its turn. Write `async def {function}(…)`, or `await asyncio.to_thread({function}, …)`"
            )
        if _light_attempt() is not None:
            return super().__call__(*args, **kwargs)
        return noted_call(self.name, self._beyond_handlers(lambda: self._tagged()(*args, **kwargs)))

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        if _light_attempt() is not None:
            return super().submit(*args, **kwargs)
        self._require_job()
        return noted_future(self._tagged().submit(*args, **kwargs))

    def map(self, *args: Any, **kwargs: Any) -> Any:
        if _light_attempt() is not None:
            return super().map(*args, **kwargs)
        self._require_job()
        return noted_future(self._tagged().map(*args, **kwargs))

    def _tagged(self) -> Task[P, R]:
        """The task as it is called now, with a tag of its own."""
        attempt = current_attempt()
        tags = {provider_tag(attempt.event.workspace_id)} if attempt else set()
        return self.with_options(tags=self.tags | tags)


def _light_attempt() -> Attempt | None:
    """The attempt that the calling code runs for, if it is that of a light run."""
    attempt = current_attempt()
    return attempt if attempt is not None and attempt.light is not None else None


async def _awaited_beyond_handlers(call: Callable[[], Any]) -> Any:
    # Called only now: what is never awaited has begun nothing.
    try:
        return await call()
    except Exception as error:
        raise beyond_handlers(error) from error.__cause__
