"""A stand-in for a provider: a CRM over HTTP that takes idempotency keys, and sometimes loses its answer."""

import json
import random
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Crm:
    """A CRM that keeps one row per key.

    Args:
        rng: decides how long it takes, and which answers are lost after the rows were made.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.requests = 0
        self.answers_lost = 0
        self.lossy = False
        self._rng = rng
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="crm", daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/rows"

    def close(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def counted(self) -> Counter[tuple[str, str, int]]:
        """How many rows there are of each job, workspace and number."""
        return Counter((row["job"], row["workspace"], row["number"]) for row in self.rows.values())

    def take(self, rows: list[dict[str, Any]]) -> bool:
        """Keep rows whose key is new. Returns whether the answer gets through."""
        with self._lock:
            self.requests += 1
            pause = self._rng.uniform(0.02, 0.2)
            lost = self.lossy and self._rng.random() < 0.05
            self.answers_lost += lost
        self._stopped.wait(pause)
        with self._lock:
            for row in rows:
                self.rows.setdefault(row["key"], row)
        return not lost

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        crm = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                rows = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if crm.take(rows):
                    self.send_response(204)
                    self.end_headers()
                else:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                """Keep quiet."""

        return Handler
