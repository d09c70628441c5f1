"""A process that runs jobs in children of its own, which a test kills: ``job delivery-id`` a line, answered by a pid.

Run as ``python -m tests.integration.fitness.readings.run_jobs``. It imports the jobs once, and forks.
"""

import os
import signal
import sys
from uuid import UUID

import groundwork.blocks  # noqa: F401 - switches telemetry off before Prefect is imported
from tests.integration.fitness.readings.conftest import JOBS


def main() -> None:
    """Serve until stdin ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children that have ended are gone at once
    print("ready", flush=True)
    for line in sys.stdin:
        job, delivery_id = line.split()
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            status = 0
            try:
                JOBS[job][1](delivery_id=UUID(delivery_id))
            except BaseException:
                status = 1
            os._exit(status)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
