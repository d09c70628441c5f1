"""Ending the foreground process on request."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM)
_AGAIN_SECONDS = 0.5


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does: by KeyboardInterrupt, wherever it is. Main thread only.

    Once the block has been interrupted, both signals are ignored, so that a second Ctrl-C does not keep the caller from
    tidying up. Uses the process's one interval timer.
    """
    before = {each: signal.signal(each, _interrupt) for each in (*_ENDING, signal.SIGALRM)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if signal.getsignal(signal.SIGINT) is _interrupt:
            for each, handler in before.items():
                signal.signal(each, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)
    # An exception that comes while a weak reference is cleared, for one, is lost. So it is raised until the block ends.
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
    raise KeyboardInterrupt
