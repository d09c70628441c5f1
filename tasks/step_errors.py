"""Errors of steps as Prefect's server can write them."""

from collections.abc import Iterator
from contextlib import contextmanager

from groundwork.blocks.errors import ConfigurationError, GroundworkError, NonRetriable
from groundwork.blocks.storable import error_text, make_plain


class StepFailed(GroundworkError):
    """A step failed with an error whose text cannot be stored as it is. This one has its text, made storable."""


@contextmanager
def errors_of_plain_text() -> Iterator[None]:
    """Let an error within the block have a text that PostgreSQL takes: Prefect's server would drop its event, and those
    of others that it writes together with it.

    Raises:
        StepFailed, NonRetriable: in place of an error whose class makes its own text.
    """
    try:
        yield
    except Exception as error:
        if not make_plain(error):
            kind = NonRetriable if isinstance(error, NonRetriable | ConfigurationError) else StepFailed
            raise kind(error_text(error)) from None
        raise
