"""Decorators whose options are one frozen dataclass: named, documented and defaulted there, and nowhere else."""

from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import wraps
from inspect import signature
from typing import ParamSpec, TypeVar

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.suggestions import near

O = ParamSpec("O")  # noqa: E741 - the options as keywords
T = TypeVar("T")
R = TypeVar("R")


def taking(options: Callable[O, T]) -> Callable[[Callable[[T], R]], Callable[O, R]]:
    """Let a function of one options object be called by the options' own keywords::

        @taking(JobOptions)
        def job(options: JobOptions) -> …: ...

        job(on=UserSignedUp, lane=5)

    Args:
        options: the dataclass. Editors and type checkers see its fields as the function's keywords.
    """

    def make(function: Callable[[T], R]) -> Callable[O, R]:
        @wraps(function)
        def called(*args: O.args, **kwargs: O.kwargs) -> R:
            return function(options_of(options, function.__name__, *args, **kwargs))

        vars(called)["__signature__"] = signature(options).replace(
            return_annotation=signature(function).return_annotation
        )
        return called

    return make


def options_of(options: Callable[O, T], decorator: str, *args: O.args, **kwargs: O.kwargs) -> T:
    """The options that these keywords say.

    Args:
        options: the dataclass.
        decorator: its name, for the message.

    Raises:
        ConfigurationError: one is unknown or missing, or the dataclass refuses a value. The message names it.
    """
    if args:
        raise ConfigurationError(f"@{decorator} takes options by name only: @{decorator}(option=…)")
    known = {each.name: each for each in fields(options)}  # type: ignore[arg-type]
    for name in kwargs.keys() - known:
        raise ConfigurationError(f"@{decorator}({name}=…): there is no option {name!r}{_meant(name, [*known])}")
    for name, each in known.items():
        if name not in kwargs and each.default is MISSING and each.default_factory is MISSING:
            raise ConfigurationError(f"@{decorator} needs the option {name!r}: @{decorator}({name}=…)")
    return options(*args, **kwargs)


def _meant(name: str, known: list[str]) -> str:
    found = near(name, known, most=1)
    return f"; did you mean {found[0]!r}?" if found else f"; there are {', '.join(known)}"
