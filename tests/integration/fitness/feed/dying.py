"""A process that runs deliveries, each in a child that kills itself at a given COMMIT, as ``kill -9`` does.

It reads lines ``job delivery number when`` and answers each with how the child ended: ``-9`` when it was killed. The
number is that of the transaction, from 0; -1 lets it live. ``when`` is ``before`` or ``after`` its COMMIT. Prefect is
imported once; nothing is connected to before the fork.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection

from groundwork.blocks.database import Database
from groundwork.flows.job import flow_of
from groundwork.flows.registry import jobs


def main() -> None:
    jobs()
    print("ready", flush=True)
    for line in sys.stdin:
        job, delivery, number, when = line.split()
        child = os.fork()
        if child == 0:
            die_at(int(number), when)
            flow_of(job)(delivery_id=UUID(delivery), return_state=True)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def die_at(number: int, when: str) -> None:
    """Have this process kill itself at one of the transactions that it will make."""
    left = number
    transaction = Database.transaction

    @contextmanager
    def counted(database: Database) -> Iterator[Connection]:
        nonlocal left
        with transaction(database) as connection:
            yield connection
            if left == 0 and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
        if left == 0 and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    Database.transaction = counted  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
