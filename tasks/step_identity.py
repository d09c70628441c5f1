"""Which step a step is: its module and qualified name, or the name that it was given because it moved.

Results, ledger rows and the ids of follow-on events go by the identity. People see the short name.
"""

import inspect
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from prefect import Task

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.place import is_same_definition, place_of
from groundwork.events.inbox import Attempt

LONGEST_NAME = 200
"""Characters of a given name. Its last part is part of a file's name, where more than 255 bytes fail."""
_LONGEST_PART = 80
_NAME = re.compile(r"[\w<>-]+(\.[\w<>-]+)*", re.ASCII)
_LOCAL = "<locals>"


@dataclass(frozen=True, eq=False)
class StepIdentity:
    """What tells a step from every other one, in each process and after each deploy.

    Attributes:
        full: module and qualified name of the function, or what ``@step(name=…)`` says.
        function: what was decorated.
    """

    full: str
    function: Callable[..., Any]
    _import: object = field(repr=False)
    """The specification of the module's import: another one once the module is loaded again."""

    @classmethod
    def of(cls, function: Callable[..., Any], name: str | None = None) -> "StepIdentity":
        """The identity of a step that is being defined.

        Args:
            function: what is decorated.
            name: what ``@step(name=…)`` says.

        Raises:
            ConfigurationError: another step has it.
        """
        full = name or f"{module_of(function)}.{_qualified(function)}"
        found = cls(full, function, _globals_of(function).get("__spec__"))
        with _lock:
            found._require_unique()
            _defined[full] = found
        return found

    @property
    def short(self) -> str:
        """The last part of it, with hyphens: what Prefect, logs and the ledger show."""
        return self.full.rpartition(".")[2].replace("_", "-")

    @property
    def has_old_name(self) -> bool:
        """Whether what an earlier release has kept under the short name alone is this step's: it is the only one of the
        name, or the one that claims it by ``@step(name=…)``."""
        namesakes = {each.full for each in list(_defined.values()) if each.short == self.short}
        claimed = {full for full in namesakes if "." not in full}
        return (claimed or namesakes) == {self.full}

    def require_one_function(self, attempt: Attempt) -> None:
        """Refuse a second function of this identity within one attempt: it would be given the first one's results.

        Raises:
            ConfigurationError: a factory, or a wrapper that hides names, has made several.
        """
        first = attempt.step_functions.setdefault(self.full, self.function)
        if first is not self.function:
            raise ConfigurationError(
                f"two steps of this job are {self.full}, and the second would be given the first one's results: "
                f"{_line_of(first)} and {_line_of(self.function)}. Give each a name of its own: @step(name=…). Where a "
                "wrapper hides the function's name, functools.wraps keeps it."
            )

    def _require_unique(self) -> None:
        other = _defined.get(self.full)
        if other is None or other.function is self.function:
            return
        if is_same_definition(other.function, self.function) and not self._is_of_one_import_with(other):
            return
        raise ConfigurationError(
            f"two steps are {self.full}: {place_of(other.function)}, {_line_of(other.function)}, and "
            f"{place_of(self.function)}, {_line_of(self.function)}. Rename one, or give it a name of its own: "
            "@step(name=…)."
        )

    def _is_of_one_import_with(self, other: "StepIdentity") -> bool:
        """Whether one run of a module defines both. Loaded again, a module has another specification; a function within
        a function, and what a person types, may be defined again and again."""
        code = _code_of(self.function)
        return (
            _LOCAL not in _qualified(self.function)
            and _globals_of(other.function) is _globals_of(self.function)
            and other._import is self._import
            and code is not None
            and Path(code.co_filename).is_file()
        )


_defined: WeakValueDictionary[str, StepIdentity] = WeakValueDictionary()
_lock = threading.Lock()


def require_step_name(name: str | None) -> None:
    """Refuse what ``@step(name=…)`` cannot be.

    Raises:
        ConfigurationError: it is empty, too long, or has other characters than a Python name with dots and hyphens.
    """
    if name is None or (
        len(name) <= LONGEST_NAME and len(name.rpartition(".")[2]) <= _LONGEST_PART and _NAME.fullmatch(name)
    ):
        return
    raise ConfigurationError(
        f"@step(name={name[:LONGEST_NAME]!r}): letters, digits, _, - and dots are wanted, {LONGEST_NAME} at most and "
        f"{_LONGEST_PART} after the last dot"
    )


def identity_of(step: Task[..., Any]) -> str:
    """The identity of a step, as :func:`groundwork.events.inbox.written` and ``@step(name=…)`` take it.

    Raises:
        ConfigurationError: the task is no step.
    """
    found = getattr(step.fn, "step_identity", None)
    if not isinstance(found, StepIdentity):
        raise ConfigurationError(f"{step.name} is a task of Prefect's and no @step")
    return found.full


def module_of(definition: Any) -> str:
    """The name of a definition's module as it is imported, also where it runs as a script or was loaded by its path."""
    name = str(definition.__module__)
    if name != "__main__" and not name.startswith("__prefect_loader_"):
        return name
    module = sys.modules.get(name)
    spec, file = getattr(module, "__spec__", None), getattr(module, "__file__", None)
    if name == "__main__" and spec is not None:
        return str(spec.name)
    if file is None:
        return name
    parts = [Path(file).stem]
    for folder in Path(file).resolve().parents:
        if not (folder / "__init__.py").exists():
            break
        parts.insert(0, folder.name)
    return ".".join(parts)


def _qualified(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__qualname__", function.__name__))


def _globals_of(function: Callable[..., Any]) -> dict[str, Any]:
    return getattr(inspect.unwrap(function), "__globals__", {})


def _code_of(function: Callable[..., Any]) -> Any:
    return getattr(inspect.unwrap(function), "__code__", None)


def _line_of(function: Callable[..., Any]) -> str:
    code = _code_of(function)
    return f"{code.co_filename} line {code.co_firstlineno}" if code else "no file"
