"""``python -m deployments.gateway``: serve the gateway until SIGTERM or Ctrl-C."""

import logging
import re
import signal
import sys

import uvicorn

from blocks.errors import ConfigurationError
from blocks.settings import settings
from deployments.gateway.app import create_app

_TOKEN = re.compile(r"^(/(?:downloads|unsubscribe)/).*")


def _worth_logging(record: logging.LogRecord) -> bool:
    """Keep out of the access log health checks and answered questions for an event's state, of which somebody who
    waits for it sends several a second; and what would open a door to the log's readers: tokens of links, and queries,
    where senders put keys by mistake."""
    client, method, target, *rest = record.args if isinstance(record.args, tuple) else ()
    path = str(target).partition("?")[0]
    record.args = (client, method, _TOKEN.sub(r"\1…", path), *rest)
    asked_for_state = method == "GET" and path.startswith("/events/") and rest[-1:] == [200]
    return path not in ("/healthz", "/readyz") and not asked_for_state


def main() -> int:
    """Serve; requests under way are finished first.

    Returns:
        Exit code: 0 after a signal, 2 for a configuration that is refused.
    """
    try:
        app = create_app()
    except ConfigurationError as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 2
    config = uvicorn.Config(app, settings().host, settings().port, timeout_graceful_shutdown=10, server_header=False)
    logging.getLogger("uvicorn.access").addFilter(_worth_logging)
    # uvicorn raises the signal again once it has shut down; that is then the orderly end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    uvicorn.Server(config).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
