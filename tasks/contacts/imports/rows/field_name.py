"""The name of a custom field, made of a header."""

import re

from groundwork.events.contacts.columns import CUSTOM_PREFIX

_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)
"""What field names lose. NUL cannot be stored at all, and nobody can type a filter for the others."""
_MOST_CHARACTERS = 900
"""Of a name. Exports and filters take names of up to 1,000, with the prefix and a number."""
_GUARDED = re.compile("^'(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])")


def field_name(header: str, position: int) -> str:
    """The name of a header's custom field: no line ends, no control or invisible characters, none at its ends."""
    shown = _GUARDED.sub("", _INVISIBLE.sub("", _BREAKS.sub(" ", header)).strip())
    if names_field(shown):
        shown = shown[len(CUSTOM_PREFIX) :].strip()
    return shown[:_MOST_CHARACTERS] or f"Column {position + 1}"


def names_field(header: str) -> bool:
    """Whether a header says that the column is a custom field: ``custom.<field>``."""
    return header.strip().lower().startswith(CUSTOM_PREFIX) and len(header.strip()) > len(CUSTOM_PREFIX)
