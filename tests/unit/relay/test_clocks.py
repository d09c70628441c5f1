"""Clocks of other machines: read over real sockets, told of where they differ, and heeded in what Prefect says."""

import ast
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from groundwork.deployments import clocks as module
from groundwork.deployments.clocks import Clocks, Reading, prefect_clock

RELAY = Path(module.__file__).parent / "relay"
HOUR = timedelta(hours=1)


@contextmanager
def server(ahead: timedelta) -> Iterator[None]:
    """A server whose clock is ahead."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", format_datetime(datetime.now(UTC) + ahead, usegmt=True))
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"true")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{running.server_address[1]}/api"}):
            yield
        running.shutdown()


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_the_clock_of_prefects_server_is_read_by_its_answers(ahead: timedelta):
    with server(ahead):
        read = prefect_clock()
    assert read.differs
    assert abs(read.ahead - ahead) < read.accuracy + timedelta(seconds=1)


def test_a_clock_that_agrees_is_not_corrected():
    with server(timedelta()):
        assert not prefect_clock().differs


def test_what_is_compared_with_prefects_times_is_prefects_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(module, "database_clock", lambda: Reading(timedelta(), timedelta()))
    clocks = Clocks()
    with caplog.at_level(logging.WARNING), server(HOUR):
        for _ in range(2):
            clocks.read()
    assert abs(clocks.prefect_now() - datetime.now(UTC) - HOUR) < timedelta(seconds=10)
    [told] = [each for each in caplog.messages if "the clock of Prefect's server is" in each]
    assert "ahead of this machine's" in told
    assert "NTP" in told


def test_the_relay_reads_no_clock_of_its_own_for_what_prefect_says():
    """The outages and pauses go by a clock that only goes on."""
    found = [
        file.name
        for file in RELAY.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and ast.unparse(node.value) != "self"
        and "datetime" in ast.unparse(node.value)
    ]
    assert found == []
