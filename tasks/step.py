"""The ``@step`` decorator: one small part of a job, retried and memoised on its own."""

import hashlib
import inspect
import time
from collections.abc import Callable, Iterator
from functools import reduce, wraps
from typing import Any, ParamSpec, TypeVar, overload
from weakref import WeakSet

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from pydantic_core import PydanticSerializationError, to_json

from groundwork.blocks.errors import ConfigurationError, NonRetriable, RetryAfter
from groundwork.blocks.plain_function import require_name, require_plain_function, require_plain_result
from groundwork.blocks.words import printable
from groundwork.events.inbox import current_attempt
from groundwork.events.inbox.follow_on import sending_from
from groundwork.tasks.provider_limit import provider_tag
from groundwork.tasks.step_results import StepResults, result_key
from groundwork.tasks.step_serializer import StepSerializer

P = ParamSpec("P")
R = TypeVar("R")

JITTER = 0.5
"""Each delay is spread by this share of it to either side, so that those that failed together spread out."""
LONGEST_NAME = 200
"""Characters of a task run's name."""
LONGEST_WAIT = 300.0
"""Seconds a step waits at most for a provider's Retry-After; the flow's process waits with it."""

sleep = time.sleep
"""How a step waits for a provider. The test kit does not."""
_steps: WeakSet[Task[..., Any]] = WeakSet()


def steps() -> list[Task[..., Any]]:
    """Every step that has been imported. Steps of two applications may have one name."""
    return sorted(_steps, key=lambda each: each.name)


@overload
def step(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def step(
    *,
    retries: int = ...,
    first_delay: float = ...,
    longest_delay: float = ...,
    key: tuple[str, ...] | None = ...,
    memoise: bool = ...,
    timeout: float | None = ...,
    provider: bool = ...,
) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def step(
    function: Callable[P, R] | None = None,
    /,
    *,
    retries: int = 4,
    first_delay: float = 1.0,
    longest_delay: float = 60.0,
    key: tuple[str, ...] | None = None,
    memoise: bool = True,
    timeout: float | None = None,
    provider: bool = False,
) -> Task[P, R] | Callable[[Callable[P, R]], Task[P, R]]:
    """Make a function a step: a Prefect task that is retried alone, and skipped by a later attempt once it is done.

    Its result is kept in the blob store under ``delivery:step:inputs``, so that a redelivered run skips it on any
    machine and after any deploy. It comes back as what the return annotation says; plain data needs none. Steps are at
    least once: a step with an effect writes it through :func:`groundwork.events.inbox.once`, or gives the provider an
    idempotency key.

    Args:
        retries: tries after the first. Too low: a short outage of a provider fails the job. Too high: a lane stands
            still behind a hopeless step. :class:`~groundwork.blocks.errors.NonRetriable` is never retried.
        first_delay: seconds before the first retry, give or take a half; each further delay is twice as long.
        longest_delay: seconds; no delay grows beyond it.
        key: names of the parameters that identify the step's work, or of their attributes (``chunk.number``); the task
            run is named after it. Default: all of them, which must be JSON-ready.
        memoise: False for a step without an effect whose result is large or cheap to make again.
        timeout: seconds after which a try is failed; None means never.
        provider: it calls a provider, so that only so many of them run at once in one workspace
            (``GROUNDWORK_WORKSPACE_PROVIDER_LIMIT``). Costs about 0.2 s, and the slot is held through the delays
            between tries: for steps that call providers only.

    Raises:
        ConfigurationError: it is no plain function (``async def``, a generator), ``key`` names a parameter that the
            function does not have, or a parameter of the key is not JSON-ready.
    """
    if function is None:
        return lambda each: step_of(each, retries, first_delay, longest_delay, key, memoise, timeout, provider)
    return step_of(function, retries, first_delay, longest_delay, key, memoise, timeout, provider)


def step_of(
    function: Callable[P, R],
    retries: int,
    first_delay: float,
    longest_delay: float,
    key: tuple[str, ...] | None,
    memoise: bool,
    timeout: float | None,
    provider: bool,
) -> Task[P, R]:
    """The Prefect task of a step; see :func:`step`."""
    require_plain_function(function, "@step")
    require_name(function, "@step")
    name = function.__name__.replace("_", "-")
    signature = inspect.signature(function)
    unknown = {each.partition(".")[0] for each in key or ()} - set(signature.parameters)
    if unknown:
        raise ConfigurationError(f"step {name}: key names {sorted(unknown)}, which {function.__name__} does not take")
    delays = [min(first_delay * 2**n, longest_delay) for n in range(retries)]

    def plain(result: R) -> R:
        require_plain_result(result, f"step {name}")
        return result

    @wraps(function)
    def body(*args: P.args, **kwargs: P.kwargs) -> R:
        attempt = current_attempt()
        try:
            if attempt is None:
                return plain(function(*args, **kwargs))
            attempt.note_first_step()
            parameters = signature.bind(*args, **kwargs).arguments if memoise else {}
            with sending_from(attempt, _work_of(name, key, parameters)):
                return plain(function(*args, **kwargs))
        except RetryAfter as asked:
            _wait_out(asked, delays)
            raise

    serializer = StepSerializer.of(function)
    made = (ProviderStep if provider else Task)(
        body,
        name=name,
        retries=retries,
        retry_delay_seconds=delays,
        retry_jitter_factor=JITTER if retries else None,
        retry_condition_fn=_may_succeed,
        persist_result=memoise,
        cache_key_fn=(lambda _, parameters: _cache_key(name, key, parameters)) if memoise else None,
        result_storage=StepResults.of(serializer) if memoise else None,
        result_serializer=serializer if memoise else None,
        timeout_seconds=timeout,
        log_prints=None,
        task_run_name=_run_namer(name, key) if key else None,
    )
    _steps.add(made)
    return made


class ProviderStep(Task[P, R]):
    """A step that calls a provider: each call carries the tag of the workspace whose job makes it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._tagged()(*args, **kwargs)

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        return self._tagged().submit(*args, **kwargs)

    def map(self, *args: Any, **kwargs: Any) -> Any:
        return self._tagged().map(*args, **kwargs)

    def _tagged(self) -> Task[P, R]:
        """The task as it is called now. The tag is its own: one of the context would go on to the steps that it calls,
        which would then wait for slots that it holds."""
        attempt = current_attempt()
        tags = {provider_tag(attempt.event.workspace_id)} if attempt else set()
        return self.with_options(tags=self.tags | tags)


def _cache_key(name: str, key: tuple[str, ...] | None, parameters: dict[str, Any]) -> str | None:
    attempt = current_attempt()
    if attempt is None:
        return None
    return result_key(attempt.delivery_id, _work_of(name, key, parameters))


def _work_of(name: str, key: tuple[str, ...] | None, parameters: dict[str, Any]) -> str:
    """Which piece of work a call of a step is: its name and a digest of what identifies it."""
    identifying = parameters if key is None else dict(_identifying(key, parameters))
    try:
        inputs = to_json(identifying)
    except PydanticSerializationError as error:
        raise ConfigurationError(
            f"step {name}: its parameters cannot all be part of its key ({error}). "
            "Name those that identify its work: @step(key=(…))."
        ) from None
    return f"{name}:{hashlib.sha256(inputs).hexdigest()}"


def _identifying(key: tuple[str, ...], parameters: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The parameters, or attributes of theirs, that a key names."""
    for each in key:
        parameter, *attributes = each.split(".")
        if parameter in parameters:
            yield each, reduce(getattr, attributes, parameters[parameter])


def _run_namer(name: str, key: tuple[str, ...]) -> Callable[..., str]:
    """What names a step's task runs, such as ``import-chunk-2``."""

    def named(parameters: dict[str, Any]) -> str:
        values = (printable(str(value)) for _, value in _identifying(key, parameters))
        return "-".join([name, *values])[:LONGEST_NAME]

    return named


def _may_succeed(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    error = state.result(raise_on_failure=False)
    return not isinstance(error, NonRetriable | ConfigurationError)


def _wait_out(asked: RetryAfter, delays: list[float]) -> None:
    """Sleep what the provider asked for beyond the delay that Prefect will add.

    Prefect fixes the delays of a task when it is defined, so a longer wait has to happen inside the try.
    """
    context = TaskRunContext.get()
    tries_before = context.task_run.run_count - 1 if context else 0
    if tries_before < len(delays):
        sleep(max(0.0, min(asked.seconds, LONGEST_WAIT) - delays[tries_before] * (1 - JITTER)))
