"""``groundwork trigger``: a person is asked field by field, a program says all, and both are told by the field."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from groundwork.blocks.database import Database
from groundwork.deployments.commands.event_form import data_of, faults_of, fields_of
from groundwork.events.base import Event
from groundwork.events.contacts.exports import CsvExportConfirmed
from tests.factories import scalar
from tests.integration.gateway.conftest import OPEN_KEY

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = [sys.executable, "-m", "groundwork.deployments.cli", "trigger"]


class ParcelSent(Event, name="trigger-test/parcel.sent"):
    """A parcel was sent."""

    label: str = Field(min_length=3, description="What stands on it.")
    weight: float = Field(gt=0, description="Kilograms.")
    speed: Literal["slow", "fast"] = "slow"
    items: list[str] = Field(default_factory=list)
    code: str = Field("", json_schema_extra={"secret": True}, description="Opens the locker.")


@pytest.fixture
def environment(gateway_url: str, db: Database, tmp_path: Path) -> dict[str, str]:
    return os.environ | {
        "GROUNDWORK_GATEWAY_URL": gateway_url, "GROUNDWORK_EVENT_KEY": OPEN_KEY, "GROUNDWORK_HOME": str(tmp_path),
    }  # fmt: skip


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *words], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60
        )

    return run


def kept(db: Database, event_id: str, path: str) -> object:
    return scalar(db, f"SELECT data ->> '{path}' FROM groundwork.event WHERE id = CAST(:id AS uuid)", id=event_id)


class Terminal:
    """A program with a person before it."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        ours, theirs = pty.openpty()
        self._terminal, self.screen, self._unseen = ours, "", ""
        self.process = subprocess.Popen(
            command, env=environment, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, text=True
        )
        os.close(theirs)

    def answer(self, question: str, text: str) -> None:
        """Type once the question is there."""
        self.wait_for(question)
        os.write(self._terminal, f"{text}\n".encode())

    def wait_for(self, text: str) -> None:
        """Look on until the screen says this, behind what was looked at before."""
        deadline = time.monotonic() + 60
        while text not in self._unseen:
            assert time.monotonic() < deadline, self.screen + self._unseen
            if select.select([self._terminal], [], [], 0.2)[0]:
                with suppress(OSError):
                    self._unseen += os.read(self._terminal, 4096).decode()
            assert self.process.poll() is None or text in self._unseen, self.screen + self._unseen
        seen, found, self._unseen = self._unseen.partition(text)
        self.screen += seen + found

    def ended(self) -> str:
        """What it says to programs, once it has ended well."""
        out, _ = self.process.communicate(timeout=60)
        os.close(self._terminal)
        assert self.process.returncode == 0
        return out.strip()


def test_a_person_is_asked_for_each_field_and_again_where_it_is_wrong(environment: dict[str, str], db: Database):
    terminal = Terminal([*COMMAND, "export/csv.confirmed"], environment)
    terminal.answer("workspaceId (text, required)", "acme")
    terminal.answer("userId (text, required)", "ada")
    terminal.answer("exportId (text, required)", "e-1")
    terminal.answer("format (one of csv, parquet, default ", "xlsx")
    terminal.wait_for("! format: Input should be 'csv' or 'parquet'")
    terminal.answer("format (", "csv")
    for each in fields_of(CsvExportConfirmed):
        if not each.required and each.name != "format":
            terminal.answer(f"{each.name} (", "")
    event_id = terminal.ended()
    assert (kept(db, event_id, "exportId"), kept(db, event_id, "format")) == ("e-1", "csv")
    assert "Id of the export record" in terminal.screen


def test_a_program_says_all_at_once_by_event_or_by_job(run: Run, db: Database):
    by_job = run("send-welcome", "--field", "workspaceId=acme", "--field", "userId=ada")
    assert by_job.returncode == 0, by_job.stderr
    by_event = run("user/signed.up", "--data", '{"workspaceId": "acme", "userId": "bob"}', "--id", "b")
    assert [kept(db, each.stdout.strip(), "userId") for each in (by_job, by_event)] == ["ada", "bob"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["user/signed.up"], ["workspaceId: Field required", "userId: text. "]),
        (["user/signed.up", "--field", "userId=ada"], ["workspaceId: Field required"]),
        (["user/signed.up", "--field", "user=ada"], ["--field user: there is no such field, did you mean 'userId'?"]),
        (["user/signed.up", "--field", "userId"], ["--field 'userId': say the field and its value"]),
        (["user/signed.up", "--data", "[1]"], ["the data is not a JSON object"]),
        (["user/signed.up", "--data", '{"a": 1}'], ["a: "]),
        (["user/signed.upp"], ["did you mean 'user/signed.up'?"]),
        (["export/csv.confirmed", "--field", "format=xlsx"], ["format: Input should be 'csv' or 'parquet'"]),
    ],
)
def test_what_is_missing_or_wrong_is_told_by_its_field_and_nothing_is_sent(
    run: Run, db: Database, words: list[str], told: list[str]
):
    refused = run(*words)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert all(each in refused.stderr for each in told), refused.stderr
    assert scalar(db, "SELECT count(*) FROM groundwork.event") == 0


def test_a_form_says_the_types_and_reads_texts_as_they_are_meant():
    fields = {each.name: each for each in fields_of(ParcelSent)}
    assert [each.name for each in fields.values()][:3] == ["workspaceId", "label", "weight"]
    assert {name: each.kind for name, each in fields.items()} == {
        "workspaceId": "text", "label": "text", "weight": "number", "speed": "one of slow, fast",
        "items": "JSON list of text", "code": "text",
    }  # fmt: skip
    assert fields["speed"].default == '"slow"'
    assert [name for name, each in fields.items() if each.secret] == ["code"]
    data = data_of(fields.values(), ["workspaceId=acme", "label=123", "weight=2.5", 'items=["a"]'])
    assert data == {"workspaceId": "acme", "label": "123", "weight": 2.5, "items": ["a"]}
    assert faults_of(ParcelSent, data) == {}
    assert list(faults_of(ParcelSent, data | {"items": [1], "weight": 0})) == ["weight", "items"]
