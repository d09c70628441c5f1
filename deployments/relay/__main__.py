"""``python -m groundwork.deployments.relay``: the relay and the sweeper, until SIGTERM or SIGINT."""

import signal
import sys
import threading

from groundwork.blocks.collector import leave_alone_what_is_there, left_alone

with left_alone():
    from groundwork.blocks.all_settings import check_settings
    from groundwork.blocks.errors import ConfigurationError
    from groundwork.blocks.settings import settings
    from groundwork.deployments.health import serve_health
    from groundwork.deployments.logs import configure_logging
    from groundwork.deployments.relay.loop import Relay


def main() -> int:
    """Run the relay in the foreground.

    Returns:
        Exit code: 0 after a signal, 2 for a configuration that is refused.
    """
    stop = threading.Event()
    try:
        configure_logging("relay")
        check_settings()
        relay = Relay(stop)
        if port := settings().health_port:
            serve_health(relay.health, settings().host, port)
    except ConfigurationError as error:
        print(f"relay: {error}", file=sys.stderr)
        return 2
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    leave_alone_what_is_there()
    relay.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
