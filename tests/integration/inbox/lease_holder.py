"""A process that claims a delivery, works on it for some seconds, and settles.

Run as ``python -m tests.integration.inbox.lease_holder DELIVERY_ID SECONDS HOW``.
"""

import ctypes
import os
import sys
import time
from collections.abc import Callable
from uuid import UUID, uuid4

from groundwork.events.inbox import claim
from groundwork.events.inbox.claim import Run


def hold_the_interpreter(seconds: int) -> None:
    """No other thread of the process runs meanwhile, as in a call of a C library that does not let go."""
    ctypes.PyDLL(None).sleep(seconds)


def fork_and_sleep(seconds: float) -> None:
    """With a child that has inherited whatever there is."""
    if os.fork() == 0:
        time.sleep(seconds)
        os._exit(0)
    time.sleep(seconds)


WORK: dict[str, Callable[[int], None]] = {
    "holding": hold_the_interpreter,
    "sleeping": time.sleep,
    "forking": fork_and_sleep,
}


def main() -> None:
    """Say what happens, a word each."""
    delivery_id, seconds, how = UUID(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    attempt = claim(delivery_id, Run(flow_run_id=uuid4()))
    assert attempt is not None
    with attempt.running():
        print("claimed", flush=True)
        WORK[how](seconds)
        print("worked", flush=True)
        attempt.settle("settled")
    print("settled", flush=True)


if __name__ == "__main__":
    main()
