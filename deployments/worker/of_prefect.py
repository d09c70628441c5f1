"""A worker of one of Prefect's own types, with /healthz and /readyz.

``python -m groundwork.deployments.worker.of_prefect worker start …`` takes the arguments of ``prefect``.
"""

import os
import runpy
import signal
import socket
import sys
import time
from collections.abc import Callable

import httpx
from prefect.client.schemas.objects import WorkerStatus
from prefect.context import refresh_global_settings_context
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL

from groundwork.blocks.all_settings import check_settings
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.prefect_client import one_try_per_request, prefect_client
from groundwork.blocks.settings import settings
from groundwork.deployments.health import STUCK_SECONDS, Health, Pulse, serve_health

_ANSWER_SECONDS = 2.0
_STARTING = "the worker is starting"
_AWAY = "Prefect does not answer as it should"
_SILENT = "the worker has not asked Prefect for runs lately"


class PolledPulse(Pulse):
    """What Prefect's own health check says of a worker: it does not tell one that hangs from one whose server is away.

    Args:
        ask: whether the worker has polled lately; None where it does not answer yet.
        server_answers: whether Prefect's server is there.
        now: seconds of a clock that only goes on.
    """

    def __init__(
        self,
        ask: Callable[[], bool | None],
        server_answers: Callable[[], bool],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(now)
        self._ask = ask
        self._server_answers = server_answers
        self._clock = now
        self._silent_since: float | None = None

    def stuck(self) -> str | None:
        """See the base class. A worker hangs that asks for nothing for long, though there is a server."""
        if self._ask() is not False or not self._server_answers():
            self._silent_since = None
            return None
        since = self._silent_since = self._silent_since or self._clock()
        return f"{_SILENT}: for {self._clock() - since:.0f} s" if self._clock() - since > STUCK_SECONDS else None

    def lacking(self) -> str | None:
        """What keeps the worker from taking runs."""
        polled = self._ask()
        if polled is None:
            return _STARTING
        if not self._server_answers():
            return _AWAY
        return None if polled else _SILENT


def main() -> int:
    """Run the worker until it ends.

    Returns:
        Exit code: 2 for a configuration that is refused, else the worker's.
    """
    port = _free_port()
    # A shell has its background jobs ignore SIGINT, which Prefect makes of SIGTERM.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        check_settings()
        if health_port := settings().health_port:
            pulse = PolledPulse(lambda: _polled(port), _server_answers)
            pool, name = (sys.argv[sys.argv.index(option) + 1] for option in ("--pool", "--name"))
            serve_health(
                Health(pulse, lambda: pulse.lacking() or (None if _is_online(pool, name) else _STARTING)),
                settings().host,
                health_port,
            )
    except ConfigurationError as error:
        print(f"worker: {error}", file=sys.stderr)
        return 2
    os.environ |= {"PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1", "PREFECT_WORKER_WEBSERVER_PORT": str(port)}
    # Prefect has read its settings when it was imported.
    refresh_global_settings_context()
    sys.argv = ["prefect", *sys.argv[1:], "--with-healthcheck"]
    runpy.run_module("prefect", run_name="__main__")
    return 0


def _polled(port: int) -> bool | None:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=_ANSWER_SECONDS).is_success
    except httpx.HTTPError:
        return None


def _server_answers() -> bool:
    try:
        return httpx.get(f"{PREFECT_API_URL.value()}/health", timeout=_ANSWER_SECONDS).is_success
    except httpx.HTTPError:
        return False


def _is_online(pool: str, name: str) -> bool:
    """Whether Prefect has heard of the worker; its health check says that all is well before there is one."""
    try:
        with one_try_per_request(), prefect_client() as client:
            workers = client.read_workers_for_work_pool(pool)
    except (httpx.HTTPError, ObjectNotFound):
        return False
    return any(each.name == name and each.status == WorkerStatus.ONLINE for each in workers)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
