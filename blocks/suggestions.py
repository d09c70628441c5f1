"""What to say of a name that is not known."""

import difflib
from collections.abc import Collection


def near(name: str, known: Collection[str], *, most: int = 3, similarity: float = 0.6) -> list[str]:
    """The known names that a misspelt one may stand for, the most similar first.

    Args:
        similarity: least one of a suggestion: 1 is the same name. Too low: suggestions that are far-fetched.
    """
    # The similarity of a name three times as long is below 0.6, and would take seconds for one of megabytes.
    if len(name) >= 3 * max(map(len, known), default=0):
        return []
    return difflib.get_close_matches(name, known, n=most, cutoff=similarity)


def did_you_mean(name: str, known: Collection[str]) -> str:
    """``, did you mean 'x'?`` for a misspelt name, or the known names where none is near."""
    if found := near(name, known):
        return f", did you mean {quoted(found)}?"
    return f"; known are {', '.join(known) or 'none'}"


def quoted(names: Collection[str]) -> str:
    """``'x' or 'y'``."""
    return " or ".join(repr(each) for each in names)
