"""The services of Prefect's server without the server: ``python -m groundwork.deployments.up.prefect_services``.

They are those of ``prefect server services start``, with settings that are rendered once (see :mod:`.prefect_server`).
What ends them, such as a Redis that is started again, is told, and they begin anew in this process.
"""

import logging
import runpy
import signal
import sys
import time
from types import FrameType

from groundwork.blocks.errors import GroundworkError
from groundwork.blocks.outages import Outages
from groundwork.deployments.logs import configure_logging
from groundwork.deployments.up.prefect_server import remembered_settings

logger = logging.getLogger(__name__)

_COMMAND = ["prefect", "server", "services", "start"]
_DOING = "Prefect's services"


class ServicesEnded(GroundworkError):
    """Prefect's services ended by themselves. What they said is above; look at PostgreSQL and Redis, and check
    GROUNDWORK_REDIS_URL and the database of Prefect's server."""


def main() -> int:
    """Run them until told to stop.

    Returns:
        Exit code: 0 in the end.
    """
    configure_logging("services")
    outages = Outages(logger)
    # A shell has its background jobs ignore SIGINT, by which the services end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _stop)
    stopped = False
    while not stopped:
        pause = 0.0
        try:
            with outages.watching(_DOING) as trial:
                _run_once()
            stopped, pause = trial.error is None, trial.pause
            time.sleep(pause)
        except KeyboardInterrupt:
            stopped = True
    return 0


def _run_once() -> None:
    """Returns when they were told to stop.

    Raises:
        ServicesEnded: they ended by themselves.
    """
    sys.argv = list(_COMMAND)
    try:
        with remembered_settings():
            runpy.run_module("prefect", run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise ServicesEnded from None


def _stop(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())
