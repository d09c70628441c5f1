"""The gateway as a process of its own: signals, its log, and a database that goes away and comes back."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue

import httpx
import pytest
from sqlalchemy import create_engine, text

from groundwork.blocks.blob.link import DownloadLink
from groundwork.blocks.database import database
from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.migrations import upgrade
from tests.integration.gateway.conftest import SECRET
from tests.integration.gateway.events import event, someone_waits_for_a_lock, stored_events

KEY = "key-of-the-application"
BEARER = {"Authorization": f"Bearer {KEY}"}


class Gateway:
    """A running ``python -m groundwork.deployments.gateway`` and its output."""

    def __init__(self, database_url: str, **environment: str) -> None:
        self.lines: list[str] = []
        self._unread: Queue[str] = Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "groundwork.deployments.gateway"],
            env=os.environ
            | {
                "GROUNDWORK_DATABASE_URL": database_url,
                "GROUNDWORK_EVENT_KEY": KEY,
                "GROUNDWORK_PORT": "0",
                "PREFECT_UI_URL": "https://prefect.example",
            }
            | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.url = self.wait_for_line(r"running on (http://\S+)")

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)
            self._unread.put(line)

    def wait_for_line(self, pattern: str) -> str:
        """The first group of the next line that matches."""
        while True:
            try:
                line = self._unread.get(timeout=30)
            except Empty:
                raise AssertionError(f"no line with {pattern!r} in:\n{''.join(self.lines)}") from None
            if found := re.search(pattern, line):
                return found.group(1)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Exit code after a signal."""
        self.process.send_signal(number)
        code = self.process.wait(20)
        self._reader.join()
        return code


@pytest.fixture
def start(postgres: EmbeddedPostgres, db: object) -> Iterator[Callable[..., Gateway]]:
    started: list[Gateway] = []

    def start(database_url: str = "", **environment: str) -> Gateway:
        url = database_url or postgres.url(driver="postgresql").render_as_string(hide_password=False)
        started.append(Gateway(url, **environment))
        return started[-1]

    yield start
    for gateway in started:
        if gateway.process.poll() is None:
            gateway.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_gateway_in_order(start: Callable[[], Gateway], number: signal.Signals) -> None:
    gateway = start()
    assert httpx.get(gateway.url + "/readyz").status_code == 200
    assert gateway.end(number) == 0


def test_a_request_under_way_is_finished_before_the_gateway_ends(start: Callable[[], Gateway]) -> None:
    gateway = start()
    answers: list[httpx.Response] = []
    with database().engine.connect() as connection:
        connection.execute(text("LOCK TABLE groundwork.event IN SHARE MODE"))
        request = threading.Thread(
            target=lambda: answers.append(httpx.post(gateway.url + "/events", json=event(), headers=BEARER, timeout=30))
        )
        request.start()
        while not someone_waits_for_a_lock():
            assert request.is_alive()
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for_line("(Shutting down)")
        connection.rollback()
    request.join()
    assert answers[0].status_code == 202
    assert gateway.process.wait(20) == 0


def test_the_access_log_names_the_events_that_a_request_brought(start: Callable[..., Gateway]) -> None:
    gateway = start()

    def post(*events: object) -> list[str]:
        return httpx.post(gateway.url + "/events", json=list(events), headers=BEARER).json()["ids"]

    [only] = post(event())
    line = r'"POST /events HTTP/1.1" 202 Accepted(.*)$'
    assert gateway.wait_for_line(line) == f" workspace=acme event={only}"
    assert post(event() | {"id": "again"}) == post(event() | {"id": "again"}), "a duplicate has the first one's id"
    assert gateway.wait_for_line(line) == gateway.wait_for_line(line) != f" workspace=acme event={only}"
    many = post(*(event(f"imp_{each}", f"workspace-{each % 2}") for each in range(12)))
    assert gateway.wait_for_line(line) == f" workspace=workspace-0,workspace-1 event={','.join(many[:10])} and 2 more"
    httpx.post(gateway.url + "/events", json={"name": "no/such.event"}, headers=BEARER)
    assert gateway.wait_for_line(r'"POST /events HTTP/1.1" 4\d\d (.*)$') in ("Bad Request", "Unprocessable Entity")


def test_the_access_log_in_json_has_the_ids_of_its_events(start: Callable[..., Gateway]) -> None:
    gateway = start(GROUNDWORK_LOG_FORMAT="json")
    [only] = httpx.post(gateway.url + "/events", json=event(), headers=BEARER).json()["ids"]
    told = json.loads(gateway.wait_for_line(r"(\{.*POST /events.*\})"))
    assert (told["workspace_id"], told["event_id"]) == ("acme", only)


def test_a_running_event_is_shown_with_progress_and_a_link_to_its_run(start: Callable[[], Gateway]) -> None:
    listens = "INSERT INTO groundwork.job (name, event_name) VALUES ('process-csv', 'import/csv.confirmed')"
    runs = "UPDATE groundwork.delivery SET state = 'running', flow_run_id = :run, progress = '{\"rows\": 5}'"
    flow_run = uuid.UUID(int=7)
    gateway = start()
    with database().transaction() as connection:
        connection.execute(text(listens))
    (event_id,) = httpx.post(gateway.url + "/events", json=event(), headers=BEARER).json()["ids"]
    with database().transaction() as connection:
        connection.execute(text(runs), {"run": flow_run})

    (delivery,) = httpx.get(gateway.url + f"/events/{event_id}", headers=BEARER).json()["deliveries"]

    assert (delivery["state"], delivery["progress"]) == ("running", {"rows": 5})
    assert delivery["runUrl"] == f"https://prefect.example/runs/flow-run/{flow_run}"


def test_the_example_of_the_documentation_is_accepted_in_production_mode(start: Callable[..., Gateway]) -> None:
    document = Path(__file__).parents[3].joinpath("docs", "gateway.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    proof = {"GROUNDWORK_EVENT_KEY": KEY, "GROUNDWORK_SIGNING_SECRET": SECRET}
    gateway = start(GROUNDWORK_MODE="production", GROUNDWORK_STORAGE_SHARED="true", **proof)

    program = example.replace("http://127.0.0.1:8700", gateway.url) + "print(response.json())"
    sender = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | proof, text=True, capture_output=True, check=True
    )

    assert "'accepted': 1" in sender.stdout
    assert stored_events() == 1


def test_the_key_that_everybody_knows_is_warned_of_where_others_may_use_it(start: Callable[..., Gateway]) -> None:
    gateway = start(GROUNDWORK_HOST="0.0.0.0", GROUNDWORK_EVENT_KEY="development")
    answer = httpx.get(gateway.url + "/catalogue", headers={"Authorization": "Bearer development"})
    assert answer.status_code == 200
    gateway.end()
    [told] = [line for line in gateway.lines if "ANYBODY WHO REACHES THIS MACHINE CAN SEND EVENTS" in line]
    assert told.startswith("WARNING")
    assert "Set GROUNDWORK_EVENT_KEY to a key of your own" in told


@pytest.mark.parametrize(
    "environment",
    [{"GROUNDWORK_HOST": "0.0.0.0"}, {"GROUNDWORK_EVENT_KEY": "development"}],
    ids=["own key", "loopback"],
)
def test_a_key_of_ones_own_or_a_loopback_address_is_not_warned_of(
    start: Callable[..., Gateway], environment: dict[str, str]
) -> None:
    gateway = start(**environment)
    gateway.end()
    assert "ANYBODY" not in "".join(gateway.lines)


def test_production_mode_refuses_the_key_that_everybody_knows_and_names_the_cure(postgres: EmbeddedPostgres) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "groundwork.deployments.gateway"],
        env=os.environ | {"GROUNDWORK_MODE": "production", "GROUNDWORK_HOST": "0.0.0.0", "GROUNDWORK_PORT": "0"},
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert refused.returncode == 2
    assert "is the development default, which anybody knows. Set GROUNDWORK_EVENT_KEY" in refused.stderr


def test_no_key_shows_in_the_log(start: Callable[[], Gateway]) -> None:
    gateway = start()
    httpx.post(gateway.url + f"/events?key={KEY}", json=event(), headers=BEARER)
    httpx.post(gateway.url + "/events", json=event(), headers={"Authorization": "Bearer another-secret"})
    gateway.end()
    log = "".join(gateway.lines)
    assert '"POST /events HTTP/1.1" 202' in log
    assert KEY not in log
    assert "another-secret" not in log


def test_no_token_of_a_link_shows_in_the_log(start: Callable[..., Gateway]) -> None:
    token = DownloadLink("exports/1.csv", "a.csv", "text/csv", expires_at=9_999_999_999).url().rpartition("/")[2]
    gateway = start()
    for path in (f"downloads/{token}", f"downloads/{token}/more", f"unsubscribe/{token}"):
        assert httpx.get(f"{gateway.url}/{path}").status_code >= 400
    gateway.end()
    log = "".join(gateway.lines)
    assert log.count('"GET /downloads/… HTTP/1.1" 404') == 2
    assert log.count('"GET /unsubscribe/… HTTP/1.1"') == 1
    assert token[:20] not in log


def test_an_outage_of_the_database_is_503_until_it_is_back(start: Callable[[str], Gateway], tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    server.create()
    server.start(tmp_path / "log")
    try:
        server.create_database("groundwork")
        engine = create_engine(server.url())
        with engine.begin() as connection:
            upgrade(connection)
        engine.dispose()
        gateway = start(server.url(driver="postgresql").render_as_string(hide_password=False))
        with httpx.Client(base_url=gateway.url, headers=BEARER, timeout=30) as client:
            first = client.post("/events", json=event(id="a"))
            assert first.status_code == 202

            server.stop()
            refused = client.post("/events", json=event(id="b"))
            assert refused.status_code == 503
            assert int(refused.headers["Retry-After"]) > 0
            assert "Send the same request again" in refused.json()["error"]
            for path in ("/readyz", "/catalogue", f"/events/{first.json()['ids'][0]}"):
                response = client.get(path)
                assert response.status_code == 503
                assert set(response.json()) == {"error", "details"}
            assert client.get("/healthz").status_code == 200

            server.start(tmp_path / "log")
            again = client.post("/events", json=[event(id="a"), event(id="b")])
            assert again.status_code == 202
            assert (again.json()["accepted"], again.json()["duplicates"]) == (1, 1)
            assert again.json()["ids"][0] == first.json()["ids"][0]
            assert client.get("/readyz").status_code == 200
    finally:
        server.stop()
