"""ULIDs: ids of 128 bits in 26 characters, the first ten of them the time. Ours are the very bits of a UUID."""

from uuid import UUID

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, which leaves out I, L, O and U."""
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_LENGTH = 26


def ulid_of(id: UUID) -> str:
    """An id as a ULID."""
    return "".join(_ALPHABET[id.int >> 5 * place & 31] for place in reversed(range(_LENGTH)))


def id_of(ulid: str) -> UUID | None:
    """The id that a ULID is; None where the text is no ULID. Case does not count."""
    if len(ulid) != _LENGTH:
        return None
    number = 0
    for character in ulid.upper():
        value = _VALUES.get(character)
        if value is None:
            return None
        number = number << 5 | value
    return UUID(int=number) if number < 1 << 128 else None
