"""What ends a process, raised by code that may only fail: ``sys.exit()`` and the like."""

from collections.abc import Iterator
from contextlib import contextmanager

from groundwork.blocks.errors import Exited


def as_failure(error: BaseException, what: str) -> Exited:
    """What no handler of errors would see, as an error.

    Args:
        what: raised it, such as ``job greet``.
    """
    described = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    failure = Exited(f"{what} raised {described}. It ends by returning, or by raising an Exception")
    failure.__cause__ = error
    return failure


@contextmanager
def exit_as_failure(what: str) -> Iterator[None]:
    """Let a ``sys.exit()`` within the block be an error.

    Raises:
        Exited: there was one.
    """
    try:
        yield
    except SystemExit as ending:
        raise as_failure(ending, what) from ending
