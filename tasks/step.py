"""The ``@step`` decorator: one small part of a job, retried and memoised on its own."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast, overload
from weakref import WeakSet

from prefect import Task
from sqlalchemy import Connection

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.exits import exit_as_failure
from groundwork.blocks.options import options_of
from groundwork.blocks.plain_function import is_async, require_name, require_plain_function, require_plain_result
from groundwork.blocks.words import printable
from groundwork.events.inbox import current_attempt
from groundwork.events.inbox.follow_on import sending_from
from groundwork.events.inbox.traces import traced_step
from groundwork.events.inbox.under_way import refuse_threads_of_jobs
from groundwork.tasks.ledger_step import ledger_step
from groundwork.tasks.light_step import LightStep
from groundwork.tasks.step_errors import errors_of_plain_text
from groundwork.tasks.step_identity import StepIdentity
from groundwork.tasks.step_options import LedgerStepOptions, StepOptions
from groundwork.tasks.step_results import StepResults
from groundwork.tasks.step_retries import JITTER, StepRetries
from groundwork.tasks.step_serializer import StepSerializer
from groundwork.tasks.step_task import ProviderStep, StepTask, current_step, running_step
from groundwork.tasks.step_work import StepWork, identifying

O = ParamSpec("O")  # noqa: E741 - the options as keywords
L = ParamSpec("L")
P = ParamSpec("P")
R = TypeVar("R")

LONGEST_NAME = 200
"""Characters of a task run's name."""
_UNKEPT = ", or say @step(memoise=False): it is done again by a later attempt then"
"""What else can be done about a result that cannot be kept."""

_steps: WeakSet[Task[..., Any]] = WeakSet()


def steps() -> list[Task[..., Any]]:
    """Every step that has been imported. Steps of two applications may have one name."""
    return sorted(_steps, key=lambda each: each.name)


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

        An ``async def`` is awaited by the job: ``await charge(order)``, or several by ``asyncio.gather(…)``.

        Args:
            options: by their names, as keywords: see :class:`~groundwork.tasks.step_options.StepOptions`.

        Raises:
            ConfigurationError: there is no such option; the function is a generator; another step has its identity;
                ``key`` names a parameter that it does not have; its return annotation says that no result can be kept;
                with ``ledger``, its first parameter is not ``connection``, or it is an ``async def``.
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
    identity = StepIdentity.of(function, options.name)
    name, key = identity.short, options.key
    work = ledger_step(function, identity, key) if options.ledger else function
    signature = inspect.signature(work)
    unknown = {each.partition(".")[0] for each in key or ()} - set(signature.parameters)
    if unknown:
        raise ConfigurationError(f"step {name}: key names {sorted(unknown)}, which {function.__name__} does not take")
    serializer = StepSerializer.of(function) if options.is_memoised else None
    if serializer:
        serializer.require_keepable(f"step {name}", _UNKEPT)

    def kept(result: Any) -> Any:
        require_plain_result(result, f"step {name}")
        try:
            return serializer.again(result) if serializer else result
        except TypeError as error:
            raise ConfigurationError(f"step {name} returned {error}{_UNKEPT}") from None

    @contextmanager
    def one_try(args: Any, kwargs: Any) -> Iterator[None]:
        attempt = current_attempt()
        with errors_of_plain_text(), running_step(name), exit_as_failure(f"step {name}"):
            if attempt is None:
                refuse_threads_of_jobs(f"step {name}")
                yield
                return
            attempt.note_first_step()
            parameters = signature.bind(*args, **kwargs).arguments if options.memoise or options.ledger else {}
            asked = StepWork.of(identity, key, parameters)
            if options.is_memoised:
                identity.require_one_function(attempt)
            old_name = asked.old_name if attempt.token > 1 else None
            with sending_from(attempt, asked.name, old_name), traced_step(attempt, name):
                yield

    @wraps(work)
    def body(*args: Any, **kwargs: Any) -> Any:
        if current_step():  # the plain function, as a part of another step
            return kept(work(*args, **kwargs))
        with one_try(args, kwargs):
            return kept(work(*args, **kwargs))

    @wraps(work)
    async def async_body(*args: Any, **kwargs: Any) -> Any:
        if current_step():
            return kept(await work(*args, **kwargs))
        with one_try(args, kwargs):
            return kept(await work(*args, **kwargs))

    made_of = async_body if is_async(function) else body
    retries = StepRetries(identity, options)
    vars(made_of)["step_identity"] = identity
    vars(made_of)["light_step"] = LightStep(signature, retries, serializer)
    made = (ProviderStep if options.provider else StepTask)(
        made_of,
        name=name,
        retries=options.retries,
        retry_delay_seconds=options.delays,
        retry_jitter_factor=JITTER if options.retries else None,
        retry_condition_fn=retries.condition(beside_others=is_async(function)),
        persist_result=options.is_memoised,
        cache_key_fn=_cache_key(identity, key) if options.is_memoised else None,
        # What a caller does to a result must not be in what the next caller gets.
        cache_result_in_memory=False,
        result_storage=StepResults.of(serializer) if serializer else None,
        result_serializer=serializer,
        timeout_seconds=options.timeout,
        log_prints=None,
        task_run_name=_run_namer(name, key) if key else None,
    )
    _steps.add(made)
    return made


def _cache_key(identity: StepIdentity, key: tuple[str, ...] | None) -> Callable[..., str | None]:
    """What tells Prefect where the result of a call is kept; nowhere, where no job is running."""

    def result_key(_context: object, parameters: dict[str, Any]) -> str | None:
        attempt = current_attempt()
        try:
            return StepWork.of(identity, key, parameters).result_key(attempt) if attempt else None
        except ConfigurationError:
            # Prefect would log it and go on. The step itself raises it.
            return None

    return result_key


def _run_namer(name: str, key: tuple[str, ...]) -> Callable[..., str]:
    """What names a step's task runs, such as ``import-chunk-2``."""

    def named(parameters: dict[str, Any]) -> str:
        values = (printable(str(value)) for value in identifying(key, parameters).values())
        return "-".join([name, *values])[:LONGEST_NAME]

    return named
