"""An export goes the whole way: command line, gateway, inbox, Prefect event, automation, worker, steps, link."""

import hashlib
import json
import re
from pathlib import Path

import httpx

from tests.integration.stack.application import Application


def test_export_waits_copies_the_file_and_its_link_downloads_the_same(application: Application, tmp_path: Path):
    file = tmp_path / "contacts.csv"
    file.write_text("Email,City,Plan\nada@example.com,Ulm,pro\ngrace@example.com,Bonn,free\n")
    application.done(application.confirm(application.upload(file)))
    copy = tmp_path / "copy.csv"
    ids = ("--workspace", application.workspace, "--user", application.user)
    done = application.stack.groundwork(
        "export", *ids, "--columns", "email,custom.Plan", "--filter", '{"city": "Ulm"}', "--out", str(copy), "--json"
    )
    assert done.returncode == 0, done.stderr
    [delivery] = json.loads(done.stdout)["deliveries"]
    result = delivery["result"]
    assert (delivery["state"], delivery["job"], result["rows"]) == ("done", "process-export", 1)
    assert copy.read_text() == '"email","Plan"\n"ada@example.com","pro"\n'
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == result["sha256"]

    assert "/downloads/" not in done.stdout
    texts = "\n".join(mail.get_body(("plain",)).get_content() for mail in application.mails())
    [link] = re.findall(r"\S+/downloads/\S+", texts)
    download = httpx.get(link)
    assert download.content == copy.read_bytes()
    assert result["filename"] in download.headers["content-disposition"]


def test_an_unknown_column_is_refused_before_anything_is_recorded(application: Application):
    refused = application.stack.groundwork("export", "--workspace", application.workspace, "--columns", "email,cty")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "columns.1: custom fields are written custom.<field>; unknown column 'cty', did you mean 'city'" in (
        refused.stderr
    )
    asked = application.rows("SELECT id FROM app.contact_export WHERE workspace_id = :it", it=application.workspace)
    assert asked == []
