"""A process that runs deliveries, each in a child that kills itself at a point of a step, as ``kill -9`` does.

It reads lines ``job delivery step when number`` and answers each with how the child ended: ``-9`` when it was killed.

- ``when`` is ``called`` or ``returned``: the step's function begins, or has ended and nothing of that is kept yet.
- ``before`` or ``after``: the COMMIT of the step's transaction of that number, from 0.
- A step ``-`` is the job outside of its steps, and ``*`` the whole run, both with ``before`` and ``after`` only.
- ``when`` is ``never``: it lives.

Run as ``python -m tests.integration.dying nurture``. Prefect and what the application preloads are imported once;
nothing is connected to before the fork.
"""

import inspect
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.applications import applications
from groundwork.blocks.database import Database
from groundwork.flows.job import flow_of
from groundwork.flows.registry import jobs
from groundwork.tasks.step import steps
from groundwork.tasks.step_task import current_step


def main() -> None:
    [application] = [each for each in applications() if each.name == sys.argv[1]]
    jobs()
    if application.preload:
        application.named(application.preload)()
    print("ready", flush=True)
    for line in sys.stdin:
        job, delivery, step, when, number = line.split()
        child = os.fork()
        if child == 0:
            if when in ("before", "after"):
                die_at_commit(step, when, int(number))
            elif when != "never":
                die_in_function(code_of(application.name, step), when)
            flow_of(job)(delivery_id=UUID(delivery), return_state=True)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_commit(step: str, when: str, number: int) -> None:
    """Have this process kill itself at a transaction of a step."""
    left = number
    transaction = Database.transaction

    @contextmanager
    def counted(database: Database) -> Iterator[Connection]:
        nonlocal left
        is_meant = step in ("*", current_step() or "-")
        with transaction(database) as connection:
            yield connection
            if is_meant and left == 0 and when == "before":
                die()
        if is_meant:
            if left == 0 and when == "after":
                die()
            left -= 1

    Database.transaction = counted  # type: ignore[method-assign]


def die_in_function(code: CodeType, when: str) -> None:
    """Have this process kill itself where a function begins or ends."""
    event = {"called": "call", "returned": "return"}[when]

    def watch(frame: FrameType, what: str, _value: Any) -> None:
        if what == event and frame.f_code is code:
            die()

    threading.setprofile(watch)
    sys.setprofile(watch)


def code_of(application: str, step: str) -> CodeType:
    """What the function of a step of the application is made of."""
    [found] = [
        each for each in steps() if each.name == step and f".{application}." in inspect.unwrap(each.fn).__module__
    ]
    return inspect.unwrap(found.fn).__code__


if __name__ == "__main__":
    main()
