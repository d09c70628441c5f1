"""Every kind of answer that a server may give, and a server that gives them: what clients make of each is the reason
for the form of the gateway's own."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.integration.http_server import serving_http

JSON = "application/json"
ID = "01H08W4TMBNKMEWFD0TYC532GG"

Answer = tuple[int, str, str]
"""Status, content type and body."""


def _json(code: int, **content: Any) -> Answer:
    return code, JSON, json.dumps(content)


ANSWERS: dict[str, Answer] = {
    "success": _json(200, ids=[ID], status=200),
    "created": _json(201, ids=[ID], status=200),
    "status-201": _json(201, ids=[ID], status=201),
    "no-status": _json(200, ids=[ID]),
    "error-null": _json(200, ids=[ID], status=200, error=None),
    "error-empty": _json(200, ids=[ID], status=200, error=""),
    "more-keys": _json(200, ids=[ID], status=200, duplicates=0),
    "no-ids": _json(200, status=200),
    "ids-null": _json(200, ids=None, status=200),
    "ids-numbers": _json(200, ids=[1], status=200),
    "refused": _json(400, ids=[], status=400, error="told"),
    "unknown-key": _json(401, status=401),
    "framework-422": _json(422, detail=[{"msg": "told"}]),
    "framework-404": _json(404, detail="Not Found"),
    "failed": _json(500, ids=[], status=500, error="told"),
    "failed-without-error": _json(500, message="told"),
    "html-502": (502, "text/html", "<h1>Bad gateway</h1>"),
    "html-404": (404, "text/html", "<h1>Not found</h1>"),
}


@contextmanager
def answering() -> Iterator[tuple[str, Counter[str]]]:
    """A server that answers a POST of ``/e/<name of an answer>`` with it; its URL, and how often each was asked.

    ``/e/recovers`` fails twice, then succeeds. ``/e/elsewhere`` leads to ``/e/success``.
    """
    asked: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            name = self.path.rpartition("/")[2]
            asked[name] += 1
            if name == "elsewhere":
                self._answer((307, JSON, "{}"), {"Location": "/e/success"})
            elif name == "recovers":
                self._answer(ANSWERS["failed" if asked[name] < 3 else "success"])
            else:
                self._answer(ANSWERS[name])

        def _answer(self, answer: Answer, headers: dict[str, str] | None = None) -> None:
            status, content_type, body = answer
            self.send_response(status)
            for key, value in {"Content-Type": content_type, **(headers or {})}.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with serving_http(Handler) as url:
        yield url, asked
