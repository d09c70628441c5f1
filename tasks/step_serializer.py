"""Results of steps as text: JSON, read again as what the step's own signature says and never as what the text says.

Prefect's serializers obey the stored record: a pickle executes code, and its JSON names classes to import and functions
to call. Here the text is data. What type it becomes is decided by the return annotation of the step in the code.
"""

import itertools
import json
from collections.abc import Callable
from typing import Any, get_origin, get_type_hints
from weakref import WeakKeyDictionary, WeakValueDictionary

from prefect.serializers import Serializer
from pydantic import Field, PrivateAttr, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.identifiers import STORED
from groundwork.tasks.kept_form import NotKept, form_of, has_tags, is_alike, value_of
from groundwork.tasks.kept_tables import is_table_type

MOST_BYTES = 64 * 1024 * 1024
"""Size of a result's text. Larger ones are refused, and what is larger is not read: a planted blob costs no memory."""
CURE = (
    "annotate the step with the model or dataclass that it returns, return plain data, put it into the blob store and "
    "return its key"
)
"""What to do about a result that cannot be kept."""
_WORK = "Iterator", "Generator", "AsyncIterator", "AsyncGenerator", "Awaitable", "Coroutine", "Callable"
"""Return annotations of what is no value, which Pydantic takes."""

_steps: WeakValueDictionary[str, Callable[..., Any]] = WeakValueDictionary()
_adapters: WeakKeyDictionary[Callable[..., Any], TypeAdapter[Any] | None] = WeakKeyDictionary()
_given: dict[str, tuple[Any, bytes]] = {}
"""The last result of each step as it was given to the caller, and its text, which Prefect asks for next."""
_count = itertools.count()


class StepSerializer(Serializer):
    """Writes and reads the results of one step.

    What :mod:`~groundwork.tasks.kept_form` cannot express is written if the return annotation says what it is: a model,
    a dataclass, a list of them and the like.

    Attributes:
        step: module and name of the step's function, and a number, since a factory makes several of one name.
    """

    type: str = Field(default="groundwork-step", frozen=True)
    step: str
    _function: Callable[..., Any] | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "StepSerializer":
        """The serializer of a step's function."""
        if isinstance(function, staticmethod):  # which takes no weak reference
            function = function.__func__
        made = cls(step=f"{function.__module__}.{function.__qualname__}#{next(_count)}")
        _steps[made.step] = made._function = function
        return made

    def require_keepable(self, what: str, cure: str) -> None:
        """Refuse a step whose return annotation says that its results cannot be kept. What the annotation does not
        tell, the first result does.

        Args:
            what: such as ``step welcome``, for the message.
            cure: what else can be done about it.

        Raises:
            ConfigurationError: it does.
        """
        try:
            annotation = get_type_hints(_steps[self.step], include_extras=True).get("return", Any)
        except (NameError, TypeError):  # of a name that is defined later, or for type checkers only
            return
        kind = getattr(get_origin(annotation) or annotation, "__name__", str(annotation))
        try:
            if is_table_type(annotation):
                return
            if kind in _WORK:
                raise NotKept(f"a {kind} is no value")
            TypeAdapter(annotation)
        except (PydanticSchemaGenerationError, NotKept) as error:
            reason = str(error).partition("\n")[0]
            raise ConfigurationError(
                f"{what}: its results cannot be kept, as its return annotation says ({reason}): {CURE}{cure}"
            ) from None
        except (NameError, TypeError, PydanticUserError):
            return

    def dumps(self, obj: Any) -> bytes:
        """The text of a result.

        Raises:
            TypeError: it would not be read again as what it is.
        """
        given, text = _given.pop(self.step, (None, b""))
        return text if text and given is obj else self._written(obj)[0]

    def again(self, obj: Any) -> Any:
        """A result as a later attempt gets it, which is what the first one gets too.

        Raises:
            TypeError: it cannot be kept.
        """
        text, *read = self._written(obj)
        if len(text) > MOST_BYTES:
            raise TypeError(f"{len(text):,} bytes, and {MOST_BYTES:,} at most are kept: {CURE}")
        given = read[0] if read else self.loads(text)
        _given[self.step] = given, text
        return given

    def loads(self, blob: bytes) -> Any:
        """The result again.

        Raises:
            ValueError: this is no JSON.
        """
        try:
            return self.rebuilt(blob)
        except ValidationError:
            return value_of(blob)

    def rebuilt(self, text: bytes | str) -> Any:
        """The result again, as what the return annotation says.

        Raises:
            ValidationError: the annotation says something else.
            ValueError: this is no JSON.
        """
        plain = value_of(text)
        adapter = self._adapter()
        if adapter is None:
            return plain
        try:
            return adapter.validate_python(plain, context=STORED)
        except ValidationError as error:
            if has_tags(text):
                raise
            try:
                # A strict model takes a date from JSON only.
                return adapter.validate_json(text, context=STORED)
            except ValidationError:
                raise error from None

    def _written(self, obj: Any) -> tuple[Any, ...]:
        """The text of a result, and what is read of it where it has been read."""
        try:
            form = form_of(obj)
        except (NotKept, RecursionError) as error:
            form, reason = None, str(error)
        else:
            if form is obj:
                return (_json(form),)
        if typed := self._typed(obj):
            return typed
        if form is None:
            raise TypeError(f"a {type(obj).__name__} that cannot be kept ({reason}{self._unread()}): {CURE}")
        return (_json(form),)

    def _typed(self, obj: Any) -> tuple[bytes, Any] | None:
        """What the annotation makes of the result, and of that; None unless it reads back as the same."""
        adapter = self._adapter()
        if adapter is None:
            return None
        for by_alias in (False, True):
            try:
                text = adapter.dump_json(obj, by_alias=by_alias, warnings=False)
                back = self.rebuilt(text)
                if is_alike(back, obj):
                    return text, back
            except Exception:  # noqa: S112 - whatever stands in its way, the result is not kept
                continue
        return None

    def _unread(self) -> str:
        """Why the annotation was of no help, where a name in it is unknown at run time."""
        try:
            get_type_hints(_steps.get(self.step), include_extras=True)
        except NameError as error:
            return f"; the annotation cannot be read: {error}"
        except TypeError:
            return ""
        return ""

    def _adapter(self) -> TypeAdapter[Any] | None:
        function = _steps.get(self.step)
        if function is None:
            return None
        if function not in _adapters:
            _adapters[function] = _adapter_of(function)
        return _adapters[function]


def _adapter_of(function: Callable[..., Any]) -> TypeAdapter[Any] | None:
    """What reads the step's return annotation; None where it says nothing that could be read."""
    try:
        annotation = get_type_hints(function, include_extras=True).get("return", Any)
        return None if annotation is Any else TypeAdapter(annotation)
    except (NameError, TypeError, PydanticUserError):
        return None


def _json(form: Any) -> bytes:
    try:
        return json.dumps(form, separators=(",", ":")).encode()
    except ValueError as error:
        raise TypeError(f"a value that cannot be kept ({error}): {CURE}") from None
