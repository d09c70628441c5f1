"""Words that depend on a number."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: ``0 events``, ``1 event``, ``1,000 events``.

    Args:
        number: how many.
        one: the noun for one.
        many: the noun for any other number. Default: ``one`` with an s.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def printable(text: str) -> str:
    """A text from a stranger, such as the error of a job, safe to show on a terminal: control characters, which could
    move the cursor or change colours, are written as escapes. Line ends and tabs stay."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else repr(each)[1:-1] for each in text)
