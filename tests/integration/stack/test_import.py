"""A CSV goes the whole way: command line, gateway, inbox, Prefect event, automation, worker, steps, database."""

import csv
import gzip
import io
import json
import re
from pathlib import Path

import httpx
import pytest

from groundwork.deployments.commands.contacts.sample_contacts import write_contacts
from tests.integration.stack.application import Application

ROWS = 2_000


@pytest.fixture(scope="module")
def contacts_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("csv") / "contacts.csv"
    return write_contacts(file, ROWS, duplicates=0.02, invalid=0.02, ragged=0.01)


def test_import_waits_and_prints_one_json_object(application: Application, contacts_csv: Path):
    done = application.stack.groundwork(
        "import",
        str(contacts_csv),
        "--workspace",
        application.workspace,
        "--user",
        application.user,
        "--wait",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    [delivery] = json.loads(done.stdout)["deliveries"]
    figures = delivery["result"]
    assert (delivery["state"], delivery["job"], delivery["attempt"]) == ("done", "process-csv", 1)
    assert figures["status"] == "completed_with_errors"
    assert figures["rows"] == ROWS
    parts = ("inserted", "updated", "skipped", "duplicates", "rejected")
    assert figures["rows"] == sum(figures[part] for part in parts)
    assert figures["rejected"] == sum(figures["reasons"].values()) > 0
    assert application.contacts() == figures["inserted"]


def test_rejected_rows_are_downloaded_by_the_link_in_the_mail_with_line_and_reason(
    application: Application, tmp_path: Path
):
    file = tmp_path / "contacts.csv"
    file.write_text("Email,First Name\nada@example.com,Ada\nnobody,Ben\ngrace@example.com,Grace\n,Cleo\n")
    import_id = application.upload(file)
    delivery = application.done(application.confirm(import_id))
    [mail] = application.mails()
    [link] = re.findall(r"http://\S+/downloads/\S+", mail.get_body(("plain",)).get_content())
    download = httpx.get(link)
    assert download.headers["Content-Disposition"] == 'attachment; filename="rejected-rows.csv"'
    assert list(csv.DictReader(io.StringIO(download.text))) == [
        {"Email": "nobody", "First Name": "Ben", "line": "3", "reason": "invalid_email"},
        {"Email": "", "First Name": "Cleo", "line": "5", "reason": "missing_email"},
    ]
    record = application.import_record(import_id)
    assert (record.status, record.rejects_path) == ("completed_with_errors", delivery.result["rejects_path"])


def test_a_gzipped_upload_is_imported(application: Application, tmp_path: Path):
    file = tmp_path / "contacts.csv.gz"
    file.write_bytes(gzip.compress(b"Email\nada@example.com\ngrace@example.com\n"))
    delivery = application.done(application.confirm(application.upload(file)))
    assert (delivery.result["inserted"], application.contacts()) == (2, 2)


def test_progress_shows_while_the_import_runs_and_the_user_is_told_at_its_end(application: Application, tmp_path: Path):
    file = write_contacts(tmp_path / "contacts.csv", 300_000)
    event_id = application.confirm(application.upload(file))

    progress = application.running(event_id).progress
    assert 0 < progress["rows"] < 300_000
    assert 0 < progress["bytes"] < progress["total_bytes"] == file.stat().st_size
    assert application.done(event_id).result["status"] == "completed"
    [mail] = application.mails()
    assert "contacts.csv" in mail["Subject"]
