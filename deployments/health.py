"""``GET /healthz`` and ``GET /readyz`` of parts that serve nothing else: for supervisors, without a key.

A part is alive while its loops move, whatever else is away: to start it again would mend nothing. It is ready while all
that it needs is there.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from groundwork.blocks.errors import ConfigurationError

logger = logging.getLogger(__name__)

STUCK_SECONDS = 180.0
"""After so long without a beat a loop counts as stuck. Too short: a part that waits for a slow server is ended by its
supervisor. Too long: one that hangs is noticed late."""
_ANSWER_SECONDS = 5.0
_MOST_AT_ONCE = 16


class Pulse:
    """When each loop of a part has moved last.

    Args:
        now: seconds of a clock that only goes on.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._beats: dict[str, float] = {}

    def beat(self, loop: str) -> None:
        """A loop moves."""
        self._beats[loop] = self._now()

    def stuck(self) -> str | None:
        """What hangs, in words; None where all moves."""
        now = self._now()
        silent = {loop: now - at for loop, at in list(self._beats.items()) if now - at > STUCK_SECONDS}
        return ", ".join(f"{loop} has not moved for {seconds:.0f} s" for loop, seconds in silent.items()) or None


class Health:
    """What a part says of itself.

    Args:
        pulse: of its loops.
        lacking: what keeps it from its work, in words that anybody may read; None where it works.
        told: further facts.
    """

    def __init__(
        self, pulse: Pulse, lacking: Callable[[], str | None], told: Callable[[], dict[str, Any]] = dict
    ) -> None:
        self._pulse = pulse
        self._lacking = lacking
        self._told = told

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """Status and body."""
        if path not in ("/healthz", "/readyz"):
            return 404, {"error": "there are /healthz and /readyz"}
        stuck = self._pulse.stuck()
        wrong = stuck if path == "/healthz" else stuck or self._lacking()
        good = "ok" if path == "/healthz" else "ready"
        return (200, {"status": good} | self._told()) if wrong is None else (503, {"error": wrong} | self._told())


def serve_health(health: Health, host: str, port: int) -> int:
    """Answer in threads of their own until the process ends.

    Args:
        port: 0 for a free one.

    Returns:
        The port.

    Raises:
        ConfigurationError: it cannot be listened on.
    """
    try:
        server = _Server((host, port), _Request)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            f"/healthz and /readyz cannot be served on {host}:{port}: {error}. Choose another port with --health-port; "
            "0 serves none."
        ) from None
    server.health = health
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return int(server.server_address[1])


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    health: Health

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._places = threading.BoundedSemaphore(_MOST_AT_ONCE)

    def process_request(self, request: Any, client_address: Any) -> None:
        """See the base class. More than a few at once are sent away: nobody is to fill the part with threads."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """See the base class."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up early is no news."""


class _Request(BaseHTTPRequestHandler):
    server: _Server
    timeout = _ANSWER_SECONDS
    server_version = "groundwork"
    sys_version = ""

    def do_GET(self) -> None:
        status, body = self.server.health.answer(self.path.partition("?")[0])
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Probes come every few seconds."""
