"""The pictures of the console in the README: ``make screenshots`` takes them anew, of a small inbox of its own."""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import uvicorn
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import text

import groundwork.blocks  # noqa: F401 - switches telemetry off before Prefect is imported
from groundwork.blocks.console_keys import ConsoleKey, ConsoleKeys
from groundwork.blocks.database import Database, database
from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.ingest_keys import IngestKeys
from groundwork.blocks.process_cache import forget
from groundwork.deployments.gateway.app import create_app
from groundwork.deployments.gateway.server import server_config
from groundwork.deployments.up.ports import free_port
from groundwork.deployments.wiring.prepare import prepare_database
from groundwork.events.contacts.exports import CsvExportConfirmed
from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.events.contacts.users import UserSignedUp
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import Attempt, claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.clock import advance
from groundwork.events.inbox.dead_letters import dead_of_event, replay_deliveries
from groundwork.events.inbox.lanes import set_lane
from tests.factories import delivery_of
from tests.integration.browser import Tab, browser

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
MOST_BYTES = 100_000
_KEY = "key-of-the-screenshots"
_WORKSPACES = ("acme", "bolt", "cobalt", "dune", "ember")


def main() -> int:
    """Take them. Returns the exit code: 1 where one is too large."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _console(Path(folder)) as (url, event_id),
        browser(Path(folder) / "browser") as tab,
    ):
        tab.seen(width=1100, dark=False)
        _sign_in(tab, url)
        taken = [
            _taken(tab, "console-events", f"{url}/events", _Window(1100, 620)),
            _taken(tab, "console-event", f"{url}/events/{event_id}", _Window(1100, 900)),
            _taken(tab, "console-lanes", f"{url}/lanes", _Window(1100, 560, dark=True)),
            _taken(tab, "console-phone", f"{url}/dead", _Window(390, 620)),
        ]
    too_large = [each for each in taken if each.stat().st_size > MOST_BYTES]
    for each in taken:
        print(f"{each.relative_to(FOLDER.parents[1])}: {each.stat().st_size:,} bytes")
    return 1 if too_large else 0


@dataclass(frozen=True)
class _Window:
    width: int
    height: int
    dark: bool = False


def _taken(tab: Tab, name: str, url: str, window: _Window) -> Path:
    file = FOLDER / f"{name}.png"
    tab.seen(width=window.width, dark=window.dark)
    tab.open(url)
    tab.screenshot(file)
    with Image.open(file) as whole:
        part = whole.convert("RGB").crop((0, 0, whole.width, min(window.height, whole.height)))
    part.quantize(160, dither=Image.Dither.NONE).save(file, optimize=True)
    return file


def _sign_in(tab: Tab, url: str) -> None:
    tab.open(f"{url}/sign-in")
    tab.evaluate("document.querySelector('[name=key]').focus()")
    tab.type(_KEY)
    tab.press_enter()
    tab.wait("!document.querySelector('[name=key]')")


@contextmanager
def _console(folder: Path) -> Iterator[tuple[str, UUID]]:
    """A console over a small inbox, and an event of which there is much to tell."""
    os.environ |= {"GROUNDWORK_HOME": str(folder / "home"), "GROUNDWORK_PORT": str(free_port())}
    forget()
    postgres = EmbeddedPostgres(folder / "home")
    postgres.create()
    postgres.start(folder / "postgres.log")
    postgres.create_database("groundwork")
    try:
        prepare_database(database())
        event_id = _fill(database())
        keys = ConsoleKeys(entries=[ConsoleKey(name="olga", key=SecretStr(_KEY), role="operator")])
        with _served(keys) as port:
            yield f"http://127.0.0.1:{port}/console", event_id
    finally:
        database().engine.dispose()
        postgres.stop()


@contextmanager
def _served(keys: ConsoleKeys) -> Iterator[int]:
    port = free_port()
    server = uvicorn.Server(server_config(create_app(IngestKeys(), keys), "127.0.0.1", port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(20)


def _fill(db: Database) -> UUID:
    """A morning: imports, exports and new users of five workspaces; some failed, one import after three attempts."""
    troubled = send(_imported("acme", "spring-fair"))
    for number, error in enumerate(
        (ConnectionError("the blob store does not answer"), TimeoutError("no answer in 30 s"))
    ):
        admit(100)
        _attempt(db, troubled).fail(error)
        _pass(db, 40 + 200 * number)
        with db.transaction() as connection:
            replay_deliveries(connection, dead_of_event(connection, troubled))
    admit(100)
    _pass(db, 1)
    attempt = _attempt(db, troubled)
    with attempt.as_current():
        send(UserSignedUp(workspace_id=WorkspaceId("acme"), user_id=UserId("ada")))
    attempt.note_first_step()
    _pass(db, 12)
    attempt.settle({"status": "completed", "rows": 48_200, "inserted": 47_911, "updated": 240, "rejected": 49})
    for number, workspace in enumerate(_WORKSPACES * 4):
        event = _exported(workspace, number) if number % 3 == 0 else _imported(workspace, f"list-{number}")
        id = send(event)
        admit(100)
        if number % 5 == 4:
            _attempt(db, id).fail(ValueError(f"file {number} has no column for an e-mail address"))
        else:
            _attempt(db, id).settle({"rows": 1_000 + number})
        _pass(db, 37)
    for workspace in _WORKSPACES:
        for number in range(3):
            send(_imported(workspace, f"queued-{number}"))
    with db.transaction() as connection:
        set_lane(connection, "process-csv", "bolt", limit=2)
    for each in admit(3):
        claim(each.id, Run(flow_run_id=uuid4()))
    return troubled


def _imported(workspace: str, name: str) -> CsvImportConfirmed:
    return CsvImportConfirmed(workspace_id=WorkspaceId(workspace), user_id=UserId("ada"), import_id=name)


def _exported(workspace: str, number: int) -> CsvExportConfirmed:
    id = f"export-{number}"
    return CsvExportConfirmed(workspace_id=WorkspaceId(workspace), user_id=UserId("ada"), export_id=id, format="csv")


def _attempt(db: Database, event_id: UUID) -> Attempt:
    attempt = claim(delivery_of(db, event_id).id, Run(flow_run_id=uuid4()))
    assert attempt is not None
    return attempt


def _pass(db: Database, seconds: float) -> None:
    with db.transaction() as connection:
        advance(connection, seconds)
        connection.execute(text("UPDATE groundwork.event SET occurred_at = accepted_at"))


if __name__ == "__main__":
    sys.exit(main())
