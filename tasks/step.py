"""The ``@step`` decorator: one small part of a job, retried and memoised on its own."""

import hashlib
import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, reduce, wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast, overload
from weakref import WeakSet

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from pydantic_core import PydanticSerializationError, to_json
from sqlalchemy import Connection

from groundwork.blocks.errors import ConfigurationError, GroundworkError, NonRetriable, RetryAfter, StaleAttempt
from groundwork.blocks.options import options_of
from groundwork.blocks.plain_function import require_name, require_plain_function, require_plain_result
from groundwork.blocks.storable import error_text, make_plain
from groundwork.blocks.words import printable
from groundwork.events.inbox import current_attempt
from groundwork.events.inbox.follow_on import sending_from
from groundwork.tasks.ledger_step import ledger_step
from groundwork.tasks.provider_limit import provider_tag
from groundwork.tasks.step_options import LedgerStepOptions, StepOptions
from groundwork.tasks.step_results import StepResults, result_key
from groundwork.tasks.step_serializer import StepSerializer

O = ParamSpec("O")  # noqa: E741 - the options as keywords
L = ParamSpec("L")
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


class StepFailed(GroundworkError):
    """The step failed with an error whose text cannot be stored as it is. The message is that text, made storable."""


class StepDecorator(Generic[O, L]):
    """The type of :func:`step`: it takes a function, or its options and then a function."""

    def __init__(self) -> None:
        # As a function has them: ``help(step)`` and editors read them.
        self.__name__ = self.__qualname__ = "step"
        self.__doc__ = StepDecorator.__call__.__doc__
        self.__signature__ = inspect.signature(StepOptions)

    @overload
    def __call__(self, function: Callable[P, R], /) -> Task[P, R]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, *args: L.args, **options: L.kwargs) -> "LedgerStepMaker": ...
    @overload
    def __call__(self, *args: O.args, **options: O.kwargs) -> "StepMaker": ...
    def __call__(self, *args: Any, **options: Any) -> Any:
        """Make a function a step: a Prefect task that is retried alone, and skipped by a later attempt once it is done.

        Its result is kept in the blob store under ``delivery:step:inputs``, so that a redelivered run skips it on any
        machine and after any deploy. It comes back as what the return annotation says; plain data needs none. Steps are
        at least once: a step with an effect in our database says ``ledger=True``, a loop of effects writes each through
        :func:`groundwork.events.inbox.once`, and a provider is given an idempotency key.

        Args:
            options: by their names, as keywords: see :class:`~groundwork.tasks.step_options.StepOptions`.

        Raises:
            ConfigurationError: there is no such option; the function is no plain one (``async def``, a generator);
                ``key`` names a parameter that it does not have, or a parameter of the key is not JSON-ready; with
                ``ledger``, its first parameter is not ``connection``.
        """
        if len(args) == 1 and not options:
            return StepMaker(StepOptions())(args[0])
        return StepMaker(options_of(StepOptions, "step", *args, **options))


def _step_taking(_options: Callable[O, StepOptions], _ledger: Callable[L, LedgerStepOptions]) -> StepDecorator[O, L]:
    return StepDecorator()


step = _step_taking(StepOptions, LedgerStepOptions)
"""The decorator of steps: ``@step``, or ``@step(retries=2, key=("number",))``; see :class:`StepDecorator`."""


@dataclass(frozen=True)
class StepMaker:
    """Makes a function a step that has these options."""

    options: StepOptions

    def __call__(self, function: Callable[P, R], /) -> Task[P, R]:
        """The Prefect task of the function."""
        return cast("Task[P, R]", task_of(function, self.options))


class LedgerStepMaker(Protocol):
    """A :class:`StepMaker` with ``ledger=True``, to type checkers: callers leave the function's connection out."""

    def __call__(self, function: Callable[Concatenate[Connection, P], R], /) -> Task[P, R]:
        """The Prefect task of the function."""


def task_of(function: Callable[..., Any], options: StepOptions) -> Task[..., Any]:
    """The Prefect task of a step."""
    require_plain_function(function, "@step")
    require_name(function, "@step")
    name = function.__name__.replace("_", "-")
    key = options.key
    work = ledger_step(function, name, partial(_identifying, key)) if options.ledger else function
    signature = inspect.signature(work)
    unknown = {each.partition(".")[0] for each in key or ()} - set(signature.parameters)
    if unknown:
        raise ConfigurationError(f"step {name}: key names {sorted(unknown)}, which {function.__name__} does not take")

    def plain(result: Any) -> Any:
        require_plain_result(result, f"step {name}")
        return result

    @wraps(work)
    def body(*args: Any, **kwargs: Any) -> Any:
        attempt = current_attempt()
        try:
            if attempt is None:
                return plain(work(*args, **kwargs))
            attempt.note_first_step()
            parameters = signature.bind(*args, **kwargs).arguments if options.memoise or options.ledger else {}
            with sending_from(attempt, _work_of(name, key, parameters)):
                return plain(work(*args, **kwargs))
        except RetryAfter as asked:
            _wait_out(asked, options.delays)
            raise
        except Exception as error:
            if not make_plain(error):
                # Prefect's server would drop its event, and those of others that it writes together with it.
                kind = NonRetriable if isinstance(error, NonRetriable | ConfigurationError) else StepFailed
                raise kind(error_text(error)) from None
            raise

    serializer = StepSerializer.of(function) if options.is_memoised else None
    made = (ProviderStep if options.provider else Task)(
        body,
        name=name,
        retries=options.retries,
        retry_delay_seconds=options.delays,
        retry_jitter_factor=JITTER if options.retries else None,
        retry_condition_fn=_may_succeed,
        persist_result=options.is_memoised,
        cache_key_fn=(lambda _, parameters: _cache_key(name, key, parameters)) if options.is_memoised else None,
        result_storage=StepResults.of(serializer) if serializer else None,
        result_serializer=serializer,
        timeout_seconds=options.timeout,
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
    try:
        inputs = to_json(_identifying(key, parameters))
    except PydanticSerializationError as error:
        raise ConfigurationError(
            f"step {name}: its parameters cannot all be part of its key ({error}). "
            "Name those that identify its work: @step(key=(…))."
        ) from None
    return f"{name}:{hashlib.sha256(inputs).hexdigest()}"


def _identifying(key: tuple[str, ...] | None, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters, or attributes of theirs, that a key names; all of them where there is none."""
    if key is None:
        return dict(parameters)
    found = {}
    for each in key:
        parameter, *attributes = each.split(".")
        if parameter in parameters:
            found[each] = reduce(getattr, attributes, parameters[parameter])
    return found


def _run_namer(name: str, key: tuple[str, ...]) -> Callable[..., str]:
    """What names a step's task runs, such as ``import-chunk-2``."""

    def named(parameters: dict[str, Any]) -> str:
        values = (printable(str(value)) for value in _identifying(key, parameters).values())
        return "-".join([name, *values])[:LONGEST_NAME]

    return named


def _may_succeed(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    error = state.result(raise_on_failure=False)
    return not isinstance(error, NonRetriable | ConfigurationError | StaleAttempt)


def _wait_out(asked: RetryAfter, delays: list[float]) -> None:
    """Sleep what the provider asked for beyond the delay that Prefect will add.

    Prefect fixes the delays of a task when it is defined, so a longer wait has to happen inside the try.
    """
    context = TaskRunContext.get()
    tries_before = context.task_run.run_count - 1 if context else 0
    if tries_before < len(delays):
        sleep(max(0.0, min(asked.seconds, LONGEST_WAIT) - delays[tries_before] * (1 - JITTER)))
