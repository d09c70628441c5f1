"""Python's garbage collector, kept from what is imported.

Prefect and what it brings are a million objects that live as long as the process. While they are made, the collector
goes through all of them again and again and finds nothing, and so it does at the end of the process. Without that, a
part imports and ends with half the CPU, and what it forks shares its memory for longer.
"""

import atexit
import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ALLOCATIONS = 50_000
"""Objects that a command makes between two collections. More: what goes round in circles stays for longer, at most some
ten megabytes. Fewer: its imports are slower; Python's own 700 double them."""


@contextmanager
def left_alone() -> Iterator[None]:
    """Import in the block what the process keeps: the collector looks at nothing that is there when the block ends."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def give_back() -> None:
    """Give to the system what imports have left behind: what goes round in circles, and the holes between what stays.
    Takes some 0.3 s, so only what forks says it: each of its processes would have as much."""
    gc.collect()
    trim_heap()


def trim_heap() -> None:
    """Give to the system the holes between what stays. Takes milliseconds."""
    # glibc alone keeps such holes, and has the function.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def leave_alone_what_is_there() -> None:
    """Let the collector look no more at anything that there is now. A process that serves says it when it begins to."""
    gc.freeze()


@contextmanager
def seldom() -> Iterator[None]:
    """Run a command in the block: what it imports on its way is looked through seldom, and not once more when the
    process ends. A process that goes on collects as before, so that one that runs many commands does not grow."""
    before = gc.get_threshold()
    gc.set_threshold(ALLOCATIONS, *before[1:])
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        gc.set_threshold(*before)
