"""``python -m groundwork.deployments.relay``: the relay and the sweeper, until SIGTERM or SIGINT."""

import signal
import threading

from groundwork.deployments.logs import configure_logging
from groundwork.deployments.relay.loop import Relay


def main() -> None:
    """Run the relay in the foreground."""
    configure_logging("relay")
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    Relay(stop).run()


if __name__ == "__main__":
    main()
