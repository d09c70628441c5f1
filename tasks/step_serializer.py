"""Results of steps as text: JSON, read again as what the step's own signature says and never as what the text says.

Prefect's serializers obey the stored record: a pickle executes code, and its JSON names classes to import and functions
to call. Here the text is data. What type it becomes is decided by the return annotation of the step in the code.
"""

import json
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, get_type_hints
from uuid import UUID

from prefect.serializers import Serializer
from pydantic import Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from groundwork.events.identifiers import STORED

_TAG = "$groundwork"
"""Key of an object that stands for a value which JSON does not know."""
_VALUES: dict[str, TypeAdapter[Any]] = {
    each.__name__: TypeAdapter(each) for each in (datetime, date, time, timedelta, Decimal, UUID)
}
"""Types of the standard library that results may hold wherever they like."""

_steps: dict[str, Callable[..., Any]] = {}


class StepSerializer(Serializer):
    """Writes and reads the results of one step.

    What JSON, dates, times, UUIDs and decimals cannot express is written if the return annotation says what it is: a
    model, a dataclass, a list of them and the like.

    Attributes:
        step: module and name of the step's function.
    """

    type: str = Field(default="groundwork-step", frozen=True)
    step: str

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "StepSerializer":
        """The serializer of a step's function; the last of a name counts."""
        name = f"{function.__module__}.{function.__qualname__}"
        _steps[name] = function
        return cls(step=name)

    def dumps(self, obj: Any) -> bytes:
        """The text of a result.

        Raises:
            TypeError: it would not be read again as what it is. The step is not memoised then.
        """
        try:
            return json.dumps(obj, default=_tagged, separators=(",", ":")).encode()
        except TypeError:
            text = self._typed(obj)
            if text is None:
                raise TypeError(
                    f"the result of {self.step}, a {type(obj).__name__}, cannot be kept: return plain data, or "
                    "annotate the step with the model or dataclass that it returns"
                ) from None
            return text

    def loads(self, blob: bytes) -> Any:
        """The result again.

        Raises:
            ValueError: this is no JSON.
        """
        try:
            return self.rebuilt(blob)
        except ValidationError:
            return json.loads(blob, object_hook=_untagged)

    def rebuilt(self, text: bytes | str) -> Any:
        """The result again, as what the return annotation says.

        Raises:
            ValidationError: the annotation says something else.
            ValueError: this is no JSON.
        """
        plain = json.loads(text, object_hook=_untagged)
        adapter = self._adapter()
        return plain if adapter is None else adapter.validate_python(plain, context=STORED)

    def _typed(self, obj: Any) -> bytes | None:
        """What the annotation makes of the result; None unless it reads back as the same."""
        adapter = self._adapter()
        if adapter is None:
            return None
        for by_alias in (False, True):
            try:
                text = adapter.dump_json(obj, by_alias=by_alias, warnings=False)
                if bool(self.loads(text) == obj):
                    return text
            except Exception:  # noqa: S112 - whatever stands in its way, the result is not kept
                continue
        return None

    def _adapter(self) -> TypeAdapter[Any] | None:
        return _adapter_of(_steps[self.step]) if self.step in _steps else None


@lru_cache(maxsize=1_000)
def _adapter_of(function: Callable[..., Any]) -> TypeAdapter[Any] | None:
    """What reads the step's return annotation; None where it says nothing that could be read."""
    try:
        annotation = get_type_hints(function, include_extras=True).get("return", Any)
        return None if annotation is Any else TypeAdapter(annotation)
    except (NameError, TypeError, PydanticUserError):
        return None


def _tagged(value: Any) -> dict[str, Any]:
    kind = type(value).__name__
    if kind not in _VALUES or type(value).__module__ not in ("datetime", "decimal", "uuid"):
        raise TypeError(kind)
    return {_TAG: kind, "value": _VALUES[kind].dump_python(value, mode="json")}


def _untagged(found: dict[str, Any]) -> Any:
    if found.keys() == {_TAG, "value"} and found[_TAG] in _VALUES:
        return _VALUES[found[_TAG]].validate_python(found["value"])
    return found
