"""Reading ahead: the next chunk is prepared while PostgreSQL works on this one."""

import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from queue import Full, Queue
from typing import TypeVar

T = TypeVar("T")
_POLL_SECONDS = 0.1


class _End:
    """What the producer puts last: the error it ended with, or None."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


@contextmanager
def read_ahead(source: Iterable[T], *, depth: int = 1) -> Generator[Iterator[T]]:
    """Iterate over ``source`` in a thread of its own, ``depth`` items ahead of the consumer.

    Items come in order; an error of the source is raised at its place. Leaving the block early stops the thread, after
    the item it is at, and waits for it.

    Args:
        source: consumed in the thread, and closed there if it is a generator.
        depth: items kept ready. Each is held in memory, beside the one in use and the one being made.
    """
    ready: Queue[T | _End] = Queue(depth)
    stop = threading.Event()
    thread = threading.Thread(target=_produce, args=(source, ready, stop), name="read-ahead", daemon=True)
    thread.start()
    try:
        yield _consume(ready)
    finally:
        stop.set()
        thread.join()


def _produce(source: Iterable[T], ready: "Queue[T | _End]", stop: threading.Event) -> None:
    items = iter(source)
    error: BaseException | None = None
    try:
        for item in items:
            if not _put(ready, item, stop):
                break
    except BaseException as raised:
        error = raised
    if isinstance(items, Generator):
        items.close()
    _put(ready, _End(error), stop)


def _put(ready: "Queue[T | _End]", item: "T | _End", stop: threading.Event) -> bool:
    """Put an item as soon as there is room; False once the consumer has left."""
    while not stop.is_set():
        try:
            ready.put(item, timeout=_POLL_SECONDS)
        except Full:
            continue
        return True
    return False


def _consume(ready: "Queue[T | _End]") -> Iterator[T]:
    while True:
        item = ready.get()
        if isinstance(item, _End):
            if item.error is not None:
                raise item.error
            return
        yield item
