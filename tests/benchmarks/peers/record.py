"""What a peer's process writes down of jobs, and prints at its end."""

import json
import sys
import time

begun: dict[int, float] = {}
ended: dict[int, float] = {}
enqueued: dict[int, float] = {}


def begin(number: int) -> None:
    """A job's first step begins; a second call is a second try."""
    begun.setdefault(number, time.time())


def end(number: int) -> None:
    """A job's last step has ended."""
    ended[number] = time.time()


def numbered(number: int, batch: int) -> list[range]:
    """The numbers of jobs, cut into transactions."""
    return [range(first, min(first + batch, number)) for first in range(0, number, batch)]


def pause(numbers: range, seconds: float) -> None:
    """Write down that jobs are enqueued, and wait before the next ones."""
    enqueued.update(dict.fromkeys(numbers, time.time()))
    if seconds:
        time.sleep(seconds)


def tell_enqueued(took: float) -> None:
    """Print it, with the seconds that all of it took."""
    print(json.dumps({"seconds": took, "enqueued": enqueued}))


def tell_worked(cpu: float) -> None:
    """Print it, with the CPU seconds of this process while it worked."""
    print(json.dumps({"begun": begun, "ended": ended, "cpu": cpu}))
    sys.stdout.flush()
