"""Each part is a command: the same process from its start to its end, with what supervisors ask for."""

import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.up.ports import free_port
from tests.integration.prefect_proxy import Answer, PrefectProxy, always, prefect_proxy
from tests.integration.process import Process
from tests.integration.work_pools import own_work_pool
from tests.waiting import wait_until

PARTS = ("gateway", "relay", "worker")


@dataclass
class Part:
    process: Process
    url: str
    log: Path

    def asked(self, path: str) -> httpx.Response | None:
        try:
            return httpx.get(self.url + path, timeout=5)
        except httpx.TransportError:
            return None

    def answers(self, path: str, status: int) -> dict[str, Any]:
        def body() -> dict[str, Any] | None:
            assert self.process.alive, self.log.read_text()
            answer = self.asked(path)
            return answer.json() if answer is not None and answer.status_code == status else None

        return wait_until(body, 90, f"{status} of {self.url}{path}:\n{self.log.read_text()}")


def process_of(command: str, *arguments: str, environment: dict[str, str], log: Path) -> Process:
    """A command as a careless script starts it: in the background, with SIGINT ignored and SIGTERM blocked."""
    line = [sys.executable, "-m", "groundwork.deployments.cli", command, *arguments]
    program = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}); os.execv(sys.argv[1], sys.argv[1:])"
    )
    return Process([sys.executable, "-c", program, *line], environment, log)


@pytest.fixture(scope="module")
def proxy(prefect_api: dict[str, str]) -> Iterator[PrefectProxy]:
    with prefect_proxy(prefect_api["PREFECT_API_URL"]) as running:
        yield running


@pytest.fixture(scope="module")
def environment(
    postgres: EmbeddedPostgres, proxy: PrefectProxy, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """All that a part is told."""
    folder = tmp_path_factory.mktemp("machine")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GROUNDWORK_HOME": str(folder / "home"),
        "GROUNDWORK_DATABASE_URL": postgres.url().render_as_string(hide_password=False),
        **proxy.environment,
    }


@pytest.fixture(scope="module", autouse=True)
def pool(environment: dict[str, str]) -> Iterator[None]:
    """The work pool of jobs that name none."""
    with own_work_pool(WORK_POOL, "groundwork"):
        yield


@pytest.fixture(scope="module")
def parts(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Part]]:
    """A gateway, a relay and a worker, with an environment of four lines."""
    folder = tmp_path_factory.mktemp("parts")
    started = {}
    for name in PARTS:
        port, log = str(free_port()), folder / f"{name}.log"
        options = ("--port", port) if name == "gateway" else ("--health-port", port)
        limit = ("--limit", "2", "--log", str(folder / "rotated" / "worker.log")) if name == "worker" else ()
        process = process_of(name, *options, *limit, environment=environment, log=log)
        started[name] = Part(process, f"http://127.0.0.1:{port}", folder / "rotated" / "worker.log" if limit else log)
        started[name].log.parent.mkdir(exist_ok=True)
        started[name].log.touch()
    yield started
    for part in started.values():
        part.process.end()


@pytest.mark.parametrize("name", PARTS)
def test_a_part_says_that_it_lives_and_when_it_is_ready(parts: dict[str, Part], name: str):
    ready = parts[name].answers("/readyz", 200)
    assert ready["status"] == "ready"
    assert parts[name].answers("/healthz", 200)["status"] == "ok"
    assert parts[name].asked("/elsewhere").status_code == 404
    if name == "relay":
        assert ready["leads"] is True


def test_parts_outlive_a_prefect_that_answers_500_and_say_that_they_wait(parts: dict[str, Part], proxy: PrefectProxy):
    waiting = [parts["relay"], parts["worker"]]
    before = [each.process.pid for each in waiting]
    for each in waiting:
        each.answers("/readyz", 200)
    with proxy.failing(always(Answer(500))):
        for each in waiting:
            assert "the log says more" in each.answers("/readyz", 503)["error"]
            each.answers("/healthz", 200)
    for each in waiting:
        each.answers("/readyz", 200)
    assert [each.process.pid for each in waiting] == before


@pytest.fixture
def of_prefect(environment: dict[str, str], tmp_path: Path) -> Iterator[Part]:
    """A worker of Prefect's own type, of a second work pool."""
    port, log = str(free_port()), tmp_path / "heavy.log"
    log.touch()
    options = ("--pool", "heavy", "--type", "process", "--health-port", port)
    with own_work_pool("heavy", "process", concurrency_limit=1):
        part = Part(process_of("worker", *options, environment=environment, log=log), f"http://127.0.0.1:{port}", log)
        yield part
        part.process.end()


def test_a_worker_of_prefects_own_type_says_that_it_lives_too(of_prefect: Part, proxy: PrefectProxy):
    assert of_prefect.answers("/readyz", 200)["status"] == "ready"
    with proxy.failing(always(Answer(500))):
        of_prefect.answers("/readyz", 503)
        of_prefect.answers("/healthz", 200)
    of_prefect.answers("/readyz", 200)
    of_prefect.process.signal(signal.SIGTERM)
    assert of_prefect.process.wait(60) == 0, of_prefect.log.read_text()


def test_a_gateway_that_starts_while_prefect_asks_for_a_day_of_peace_says_so_and_ends(
    environment: dict[str, str], proxy: PrefectProxy, tmp_path: Path
):
    log = tmp_path / "gateway.log"
    with proxy.failing(always(Answer(503, headers={"Retry-After": "86400"}))):
        gateway = process_of("gateway", "--port", str(free_port()), environment=environment, log=log)
        assert gateway.wait(60) == 1, log.read_text()
    [said] = log.read_text().splitlines()
    assert re.fullmatch(r"gateway: Prefect at \S+ answers 503 .*", said)


@pytest.mark.parametrize("headers", [{"Retry-After": "86400"}, {"Prefect-Maintenance": "true"}], ids=["day", "upkeep"])
def test_a_worker_that_starts_meanwhile_says_so_and_begins_when_it_is_over(
    environment: dict[str, str], proxy: PrefectProxy, tmp_path: Path, headers: dict[str, str]
):
    port, log = str(free_port()), tmp_path / "worker.log"
    with proxy.failing(always(Answer(503, headers=headers))):
        # The name is a worker's of its own: Prefect knows it by that.
        options = ("--health-port", port, "--name", f"late-{port}", "--limit", "1")
        worker = Part(process_of("worker", *options, environment=environment, log=log), f"http://127.0.0.1:{port}", log)
        worker.process.says("answers 503")
    worker.answers("/readyz", 200)
    worker.process.end()


def test_whoever_asks_for_health_in_vain_keeps_nobody_else_from_it(parts: dict[str, Part]):
    parts["relay"].answers("/healthz", 200)
    host, port = parts["relay"].url.removeprefix("http://").split(":")
    held = [socket.create_connection((host, int(port))) for _ in range(40)]
    try:
        parts["relay"].answers("/healthz", 200)
    finally:
        for each in held:
            each.close()


@pytest.mark.runs_last
@pytest.mark.parametrize("name", PARTS)
def test_sigterm_ends_a_part_however_it_was_started(parts: dict[str, Part], name: str):
    parts[name].answers("/readyz", 200)
    parts[name].process.signal(signal.SIGTERM)
    assert parts[name].process.wait(60) == 0, parts[name].log.read_text()


def test_a_server_of_prefect_keeps_its_tables_in_postgresql_and_answers_to_its_own_names_only(
    postgres: EmbeddedPostgres, tmp_path: Path
):
    postgres.create_database("alone")
    port = free_port()
    url = postgres.url("alone").render_as_string(hide_password=False)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GROUNDWORK_HOME": str(tmp_path / "home"),
        "GROUNDWORK_PREFECT_DATABASE_URL": url,
        "PREFECT_API_URL": f"http://prefect.internal:{port}/api",
    }
    log = tmp_path / "server.log"
    server = Part(
        process_of("prefect-server", "--port", str(port), environment=environment, log=log),
        f"http://127.0.0.1:{port}",
        log,
    )

    def status(path: str, host: str) -> int:
        return httpx.get(f"{server.url}{path}", headers={"Host": host}).status_code

    try:
        wait_until(lambda: server.process.pid and server.asked("/api/health"), 150, "the server")
        assert status("/api/health", "10.0.0.7") == 200
        assert status("/api/admin/version", f"prefect.internal:{port}") == 200
        assert status("/api/admin/version", f"evil.example:{port}") == 403
        with Database(connection_url=url).transaction() as connection:
            assert connection.execute(text("SELECT count(*) FROM flow_run")).scalar() == 0
        assert not list(tmp_path.rglob("prefect.db"))
    finally:
        server.process.signal(signal.SIGTERM)
        assert server.process.wait(60) == 0, log.read_text()
