"""The mapping that a person chose: which column of the file becomes which field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.suggestions import near, quoted
from groundwork.events.contacts.columns import CUSTOM_PREFIX
from groundwork.tasks.contacts.imports.rows.vocabulary import words_of


def _joined_words(text: str) -> str:
    return "".join(words_of(text))


_COMPARED: tuple[Callable[[str], str], ...] = (str, str.strip, _joined_words)
"""What is compared of a header, from the exact to the rough."""


@dataclass(frozen=True)
class Chosen:
    """What one column becomes; neither a column nor a custom field where it is left out.

    Attributes:
        column: of ours, or ``full_name``.
        custom: key of a custom field.
    """

    column: str | None = None
    custom: str | None = None

    @property
    def left_out(self) -> bool:
        """Whether the column is not imported."""
        return self.column is None and self.custom is None


def choices(headers: Sequence[str], chosen: Mapping[str, str | None], ignored: int | None) -> dict[int, Chosen]:
    """Position → what it becomes.

    Args:
        headers: of the file.
        chosen: as in ``ImportOptions.columns``.
        ignored: position from which columns are not the file's own.

    Raises:
        NonRetriable: the file has no such column, or two are to be one custom field; the message names it.
    """
    found: dict[int, Chosen] = {}
    fields: dict[str, str] = {}
    if not chosen:
        return found
    own = headers[:ignored]
    places = [{same(header): at for at, header in reversed(list(enumerate(own)))} for same in _COMPARED]
    for name, target in chosen.items():
        at = _position(name, own, places)
        if at in found:
            raise NonRetriable(f"columns: {name!r} and another name are both column {at + 1}. Name it once.")
        if target is None:
            found[at] = Chosen()
        elif target.startswith(CUSTOM_PREFIX):
            key = target.removeprefix(CUSTOM_PREFIX).strip()
            if key in fields:
                raise NonRetriable(f"columns: {fields[key]!r} and {name!r} are both to be the custom field {key!r}.")
            fields[key] = name
            found[at] = Chosen(custom=key)
        else:
            found[at] = Chosen(column=target)
    return found


def _position(name: str, headers: Sequence[str], places: Sequence[Mapping[str, int]]) -> int:
    for same, found in zip(_COMPARED, places, strict=True):
        if (wanted := same(name)) and wanted in found:
            return found[wanted]
    if name.startswith("#") and name[1:].isdecimal():
        at = int(name[1:]) - 1
        if 0 <= at < len(headers):
            return at
        raise NonRetriable(f"columns: {name!r} is no column: the file has {len(headers)}, the first of which is #1.")
    hint = near(name, headers)
    tail = f"did you mean {quoted(hint)}?" if hint else f"there are {', '.join(map(repr, headers[:20]))}."
    raise NonRetriable(f"columns: the file has no column {name!r}; {tail}")
