"""What PostgreSQL's JSONB and text columns hold, and what of a value they do not. The one home of that rule.

A value that nothing can store is told of by its place in it, such as ``result.rows[3].amount: NaN``.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pydantic_core import to_jsonable_python

LONGEST_JSON = 10_000_000
"""Characters of one value as JSON. It is read whenever somebody asks for an event's status."""
LONGEST_ERROR = 10_000
"""Characters of an error that a dead letter keeps."""
MOST_LEVELS = 200
"""Levels of lists and objects within each other. Parsers of JSON, the gateway's too, give up at about as many."""
MOST_DIGITS = 4_000
"""Digits of a whole number. Python refuses to read or write a few hundred more."""
_MOST_BITS = int(MOST_DIGITS * 3.3219)
_MOST_VALUES = LONGEST_JSON // 2
"""Values in one: each takes two characters at least. One list that stands in itself many times has no end of them."""
_CONTAINERS = (dict, list, tuple, set, frozenset)
_LONGEST_PART = 100
"""Characters of a key that a place shows."""

Path = Sequence[str | int]
"""Keys and indexes from a value down to one within it."""


class Unstorable(ValueError):
    """A value that cannot be stored.

    Attributes:
        path: from the whole value down to what is at fault.
        reason: what is wrong there, such as ``NaN, which JSON does not know``.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def told(self, name: str) -> str:
        """``place: reason``, where the whole value has this name."""
        return f"{place(name, self.path)}: {self.reason}"


def place(name: str, path: Path) -> str:
    """A place in a value as people write it, such as ``result.rows[3].amount``.

    Args:
        name: of the whole value; empty for none.
    """
    text = name
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.replace("-", "_").isidentifier() and len(part) <= _LONGEST_PART:
            text += f".{part}" if text else part
        else:
            text += f"[{part[:_LONGEST_PART]!a}{'…' if len(part) > _LONGEST_PART else ''}]"
    return text or "the whole"


def fault_of_scalar(value: object) -> str | None:
    """Why a text, a number, a boolean or None cannot be stored; None where it can, or is no such value."""
    match value:
        case str() if "\x00" in value:
            return "a text with the character NUL (U+0000), which PostgreSQL does not store"
        case str() if not value.isascii() and _is_half(value):
            return "a text with half a character (a lone surrogate), which is no Unicode"
        case float() if value != value:
            return "NaN, which JSON does not know"
        case float() if value in (float("inf"), float("-inf")):
            return f"{'' if value > 0 else '-'}Infinity, which JSON does not know"
        case int() if value.bit_length() > _MOST_BITS:
            return f"a whole number of more than {MOST_DIGITS:,} digits"
    return None


def check_plain(value: Any) -> None:
    """Refuse what cannot be stored in dictionaries, lists, texts and numbers. Values of other types are passed over.

    Raises:
        Unstorable: the first fault that was found.
    """
    if not _is_plain(value, 0):
        _walked(value, lambda _: None)


def as_plain(value: object, *, refuse: Callable[[object], str | None] = lambda _: None) -> Any:
    """A value as JSON can hold it: dates, UUIDs, decimals, enumerations, paths, models and dataclasses become text or
    objects, and tuples and sets become lists.

    Args:
        refuse: why a value in it is not to be looked into; None where it may be.

    Raises:
        Unstorable: the first fault that was found.
    """

    def opened(leaf: object) -> Any:
        if (reason := refuse(leaf)) is not None:
            raise ValueError(reason)
        # numpy's floats are Python's, and its other numbers are not.
        if type(leaf).__module__ == "numpy" and getattr(leaf, "ndim", None) == 0:
            leaf = leaf.item()  # type: ignore[attr-defined]
        return to_jsonable_python(leaf, fallback=_no_data)

    return _walked(value, opened)


def storable_text(text: str, longest: int = LONGEST_ERROR) -> str:
    r"""A text for people as PostgreSQL takes it: ``\0`` for NUL, escapes for half characters, cut where it is long."""
    text = text[: longest + 1].replace("\x00", "\\0").encode(errors="backslashreplace").decode()
    return text if len(text) <= longest else f"{text[:longest]}…"


def error_text(error: BaseException) -> str:
    """Class and message of an error, storable whatever its author made of it."""
    name = type(error).__name__
    try:
        return storable_text(f"{name}: {error}")
    except Exception as another:
        return storable_text(f"{name}, whose message cannot be had: str() of it raises {type(another).__name__}")


def has_plain_text(error: BaseException) -> bool:
    """Whether an error's message can be stored as it is."""
    try:
        text = str(error)
        return storable_text(text) == text
    except Exception:
        return False


def make_plain(error: BaseException) -> bool:
    """Rewrite the texts that an error was raised with as PostgreSQL takes them.

    Returns:
        Whether its message can be stored now, however long it is. Not so where its class makes it of something else.
    """
    error.args = tuple(storable_text(each, len(each) * 10) if type(each) is str else each for each in error.args)
    try:
        return fault_of_scalar(str(error)) is None
    except Exception:
        return False


_SCALARS = frozenset({str, int, float, bool, type(None)})
_Linked = tuple[Any, str | int] | None
"""A path from its end: what is above, and the last key or index."""


def _walked(value: object, opened: Callable[[object], Any]) -> Any:
    """The plain form of a value, each value in it looked at once.

    Args:
        opened: gives the plain form of what is no dictionary, list, tuple or set, and no scalar of exactly its type.
    """
    whole: list[Any] = [None]
    pending: list[tuple[Any, Any, str | int, _Linked, int]] = [(value, whole, 0, None, 0)]
    seen = 0
    while pending:
        found, holder, key, path, level = pending.pop()
        seen += 1
        if type(found) not in _SCALARS and not isinstance(found, _CONTAINERS):
            try:
                found = opened(found)
            except Exception as error:
                raise Unstorable(_unlinked(path), _reason(found, error)) from None
        if not isinstance(found, _CONTAINERS):
            if (reason := fault_of_scalar(found)) is not None:
                raise Unstorable(_unlinked(path), reason)
            holder[key] = found
            continue
        if level >= MOST_LEVELS:
            raise Unstorable(
                _unlinked(path)[:5], f"lists and objects within each other on more than {MOST_LEVELS} levels"
            )
        if seen > _MOST_VALUES:
            raise Unstorable([], f"more than {_MOST_VALUES:,} values; put them into the blob store")
        items = _entries(found, path) if isinstance(found, dict) else list(enumerate(found))
        holder[key] = built = {} if isinstance(found, dict) else [None] * len(items)
        # The first is looked at first: its key comes first, and it is told of where several are at fault.
        pending.extend((each, built, part, (path, part), level + 1) for part, each in reversed(items))
    return whole[0]


def _is_plain(value: Any, level: int) -> bool:
    """Whether nothing in a value needs a second look, which is what nearly all are asked and costs little."""
    if isinstance(value, str):
        return "\x00" not in value and (value.isascii() or not _is_half(value))
    if isinstance(value, dict):
        return level < MOST_LEVELS and all(
            isinstance(key, str) and _is_plain(key, level) and _is_plain(each, level + 1) for key, each in value.items()
        )
    if isinstance(value, _CONTAINERS):
        return level < MOST_LEVELS and all(_is_plain(each, level + 1) for each in value)
    return fault_of_scalar(value) is None


def _entries(found: dict[Any, Any], path: _Linked) -> list[tuple[str | int, Any]]:
    entries: dict[str | int, Any] = {}
    for key, each in found.items():
        name = key if type(key) is str else _name_of(key, path)
        if (reason := fault_of_scalar(name)) is not None:
            raise Unstorable([*_unlinked(path), name], f"a key is {reason}")
        if name in entries:
            raise Unstorable([*_unlinked(path), name], "two keys that become the same text")
        entries[name] = each
    return list(entries.items())


def _name_of(key: object, path: _Linked) -> str:
    """A key as JSON has it: always a text."""
    try:
        return str(next(iter(to_jsonable_python({key: None}, fallback=_no_data))))
    except Exception as error:
        raise Unstorable(_unlinked(path), f"a key {_reason(key, error)}") from None


def _unlinked(path: _Linked) -> list[str | int]:
    return list(_parts(path))[::-1]


def _parts(path: _Linked) -> Iterator[str | int]:
    while path is not None:
        path, part = path
        yield part


def _reason(value: object, error: Exception) -> str:
    match error:
        case UnicodeDecodeError():
            return "bytes that are no UTF-8"
        case _NoData() | ValueError() if not isinstance(error, UnicodeError):
            return str(error)
    return f"of type {type(value).__name__}, which cannot be kept ({type(error).__name__}: {error})"


class _NoData(ValueError):
    """Of a type that JSON cannot have."""


def _no_data(value: object) -> Any:
    raise _NoData(f"of type {type(value).__name__}")


def _is_half(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
