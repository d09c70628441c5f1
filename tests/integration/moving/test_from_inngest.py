"""The examples of ``docs/moving-from-inngest.md`` run as they stand there, and end as it says."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from http.server import BaseHTTPRequestHandler
from math import ceil
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from groundwork.blocks.database import Database
from groundwork.blocks.ingest_keys import IngestKey, IngestKeys
from groundwork.deployments.cli import program
from groundwork.deployments.gateway.app import create_app
from tests.integration.gateway.conftest import serving
from tests.integration.http_server import serving_http
from tests.integration.moving.page import DOCS, Example, run_section, scheduled_run, sections_of

SECTIONS = sections_of(DOCS / "moving-from-inngest.md")
[IMPORTS] = SECTIONS["Moving from Inngest"]
EXAMPLES = {
    heading: blocks for heading, blocks in SECTIONS.items() if any(block.language == "text" for block in blocks)
}
KEY = "key-of-those-who-move"

pytestmark = pytest.mark.usefixtures("prefect_api", "own_jobs")


@pytest.fixture
def example(db: Database, own_module: dict[str, Any]) -> Example:
    made = Example(db, own_module)
    made.execute(IMPORTS.content)
    return made


def type_commands(block: str) -> None:
    """Type the commands of a block, line by line."""
    for line in block.splitlines():
        ended = CliRunner().invoke(program(), line.removeprefix("groundwork ").split())
        assert ended.exit_code == 0, (line, ended.output)


@contextmanager
def inngests_event_api() -> Iterator[tuple[str, list[Any]]]:
    """A server that takes events as Inngest does; its URL, and what it was sent."""
    taken: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer = json.dumps({"ids": ["01H08W4TMBNKMEWFD0TYC532GG"], "status": 200}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with serving_http(Handler) as url:
        yield url, taken


@pytest.mark.parametrize("heading", [each for each in EXAMPLES if each not in ("Replay", "One job moved")])
def test_an_example_ends_as_the_page_says(example: Example, heading: str) -> None:
    assert run_section(example, EXAMPLES[heading], {"yaml": scheduled_run(example)}) == []


def test_a_replay_ends_as_the_page_says(example: Example) -> None:
    replay, code, failed, charged = EXAMPLES["Replay"]
    assert run_section(example, [code, failed], {}) == []
    example.names["BANK"]["open"] = True
    assert run_section(example, [replay, charged], {"sh": type_commands}) == []


def test_the_job_that_is_moved_is_compared_with_theirs(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = IngestKeys(entries=[IngestKey(name="moving", key=SecretStr(KEY), in_path=True)])
    with serving(create_app(keys)) as gateway, inngests_event_api() as (theirs, taken):
        monkeypatch.setenv("INNGEST_EVENT_API_BASE_URL", gateway)
        monkeypatch.setenv("INNGEST_EVENT_KEY", KEY)
        monkeypatch.delenv("INNGEST_DEV", raising=False)
        example.names |= {"INNGEST": theirs, "INNGEST_KEY": "key"}
        assert run_section(example, EXAMPLES["One job moved"], {}) == []
    [handed_on] = taken
    assert handed_on["name"] == "shop/invoice.overdue"
    assert handed_on["data"] == {"workspaceId": "acme", "invoiceId": "i-9"}
    as_theirs = wraps(example.names["invoice"].fn)(lambda cents: cents + ceil(cents * 19 / 100))
    monkeypatch.setattr(example.names["invoice"], "fn", as_theirs)
    type_commands("groundwork dead replay --job confirm-order")
    assert example.ends() == ["done      the same"]


def test_each_concept_has_an_example() -> None:
    code = "".join(block.content for blocks in SECTIONS.values() for block in blocks if block.language == "python")
    [imported] = re.findall(r"flow_control import \((.*?)\)", IMPORTS.content, re.DOTALL)
    options = [each.strip() for each in imported.split(",") if each.strip()]
    assert len(options) == 10
    for each in options:
        assert f"{each}(" in code, each
    for heading in ("Function and step.run", "sleep", "waitForEvent", "sendEvent", "invoke", "onFailure", "Cron"):
        assert heading in EXAMPLES
