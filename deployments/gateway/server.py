"""uvicorn as the gateway uses it: connections with limits, and an access log that opens no doors."""

import logging
from copy import deepcopy
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.config import LOGGING_CONFIG

from groundwork.deployments.gateway.accepted_events import with_accepted_events
from groundwork.deployments.gateway.connection import Connection
from groundwork.deployments.gateway.faults import shortened
from groundwork.deployments.gateway.paths import LONGEST_TARGET, told_path

KEEP_ALIVE_SECONDS = 5
"""How long a connection stays open after an answer. Too low: senders connect anew for each request."""


def server_config(app: FastAPI, host: str, port: int, **options: Any) -> uvicorn.Config:
    """How uvicorn serves the gateway.

    Args:
        app: of :func:`~groundwork.deployments.gateway.app.create_app`.
        host: address to listen on.
        port: 0 for a free one.
        options: further ones of uvicorn.
    """
    options.setdefault("log_config", _lines_of_text())
    config = uvicorn.Config(
        app,
        host,
        port,
        http=Connection,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        server_header=False,
        **options,
    )
    access = logging.getLogger("uvicorn.access")
    access.addFilter(_worth_logging)
    access.addFilter(with_accepted_events)
    return config


def _lines_of_text() -> dict[str, Any]:
    """uvicorn's own lines, with the events that a request brought."""
    lines = deepcopy(LOGGING_CONFIG)
    lines["formatters"]["access"]["fmt"] += "%(accepted)s"
    return lines


def _worth_logging(record: logging.LogRecord) -> bool:
    """Keep out of the access log health checks and answered questions for an event's state, of which somebody who
    waits for it sends several a second; and what would open a door to the log's readers: keys and tokens in paths, and
    queries, where senders put keys by mistake."""
    client, method, target, *rest = record.args if isinstance(record.args, tuple) else ()
    path = str(target).partition("?")[0]
    record.args = (shortened(str(client), LONGEST_TARGET), method, told_path(path), *rest)
    asked_for_state = method == "GET" and path.startswith("/events/") and rest[-1:] == [200]
    return path not in ("/healthz", "/readyz") and not asked_for_state
