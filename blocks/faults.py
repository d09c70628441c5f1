"""What is wrong with data, for people."""

from collections.abc import Callable

from pydantic import ValidationError


def lines_of(error: ValidationError, named: Callable[[str], str] = str) -> str:
    """A line for each fault, indented and after a line's end: the field and what is wrong with it.

    No value is shown: it may be secret.

    Args:
        named: how a field, such as ``filters.0.tag``, is called.
    """
    faults = error.errors(include_input=False)
    return "".join(f"\n  {named('.'.join(map(str, each['loc'])))}: {each['msg']}" for each in faults)
