"""What members write."""

from groundwork.blocks.errors import NonRetriable

LONGEST = 5_000
"""Characters of a post or comment."""


def checked_words(text: str) -> str:
    """A text that can be stored and shown, without spaces at its ends.

    Raises:
        NonRetriable: it is empty, too long, or has a character that PostgreSQL does not store.
    """
    words = text.strip()
    if not 0 < len(words) <= LONGEST:
        raise NonRetriable(f"the text has {len(words):,} characters; 1 to {LONGEST:,} are allowed")
    if "\0" in words:
        raise NonRetriable("the text has a NUL character, which cannot be stored; leave it out")
    return words
