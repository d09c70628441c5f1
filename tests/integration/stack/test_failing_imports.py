"""An import that cannot come through says why, and harms nothing else."""

import json
from pathlib import Path

from tests.integration.stack.application import Application
from tests.waiting import wait_until


def test_a_file_without_an_email_column_fails_the_import_and_names_the_columns(
    application: Application, tmp_path: Path
):
    file = tmp_path / "shoes.csv"
    file.write_text("Size,Colour\n42,red\n")
    done = application.stack.groundwork(
        "import", str(file), "--workspace", application.workspace, "--user", application.user, "--wait", "--json"
    )
    assert done.returncode == 1, done.stderr
    [delivery] = json.loads(done.stdout)["deliveries"]
    assert delivery["state"] == "failed"
    [record] = application.rows(
        "SELECT status, error_log FROM app.csv_import WHERE workspace_id = :it", it=application.workspace
    )
    assert record.status == "failed"
    assert "'Size', 'Colour'" in record.error_log
    assert record.error_log in delivery["lastError"]
    # The user is told once the delivery has failed.
    [mail] = wait_until(application.mails, 30)
    assert "shoes.csv" in mail["Subject"]
    assert "'Size', 'Colour'" in mail.get_body(("plain",)).get_content()


def test_a_file_of_rejected_rows_alone_ends_with_1_and_its_preview_says_what_to_choose(
    application: Application, tmp_path: Path
):
    file = tmp_path / "swapped.csv"
    file.write_text("Mail;Reach\nada;Ulm\nbo;Bonn\n")
    groundwork = application.stack.groundwork
    import_ = ("import", str(file), "--workspace", application.workspace, "--user", application.user, "--wait")
    done = groundwork(*import_)
    assert done.returncode == 1, done.stderr
    assert "invalid_email: 2" in done.stdout
    file.write_bytes("Mail;Reach\nЕгор;ada@example.com\nОлег;bo@example.com\n".encode("cp1251"))
    preview = groundwork("import", str(file), "--preview", "--json", "--column", "Mail=first_name")
    found = json.loads(preview.stdout)
    assert (found["encoding"], found["delimiter"]) == ("cp1251", ";")
    assert [each["field"] for each in found["columns"]] == ["first_name", "email"]
    done = groundwork(*import_, "--column", "Mail=first_name")
    assert done.returncode == 0, done.stdout
    assert application.rows(
        "SELECT first_name FROM app.contact WHERE workspace_id = :it ORDER BY email", it=application.workspace
    ) == [("Егор",), ("Олег",)]


def test_an_import_without_a_record_fails_at_once(application: Application):
    delivery = application.ended(application.confirm("no-such-import"))
    assert (delivery.state, delivery.attempt) == ("failed", 1)
    assert delivery.last_error == (
        f"NonRetriable: Workspace {application.workspace} has no import no-such-import. "
        "Create its record before sending the event."
    )
    assert application.mails() == []


def test_the_import_of_another_workspace_is_not_touched(application: Application, tmp_path: Path):
    file = tmp_path / "contacts.csv"
    file.write_text("Email\nada@example.com\n")
    import_id = application.upload(file)
    stranger = Application(application.stack, "stranger")
    delivery = stranger.ended(stranger.confirm(import_id))
    assert delivery.state == "failed"
    assert f"Workspace stranger has no import {import_id}" in delivery.last_error
    assert application.import_record(import_id).status == "pending"


def test_a_second_confirmation_fails_and_leaves_the_first_ones_import_as_it_is(
    application: Application, tmp_path: Path
):
    file = tmp_path / "contacts.csv"
    file.write_text("Email\nada@example.com\n")
    import_id = application.upload(file)
    first, second = application.confirm(import_id), application.confirm(import_id)
    assert first != second
    application.done(first)
    delivery = application.ended(second)
    assert delivery.state == "failed"
    assert f"Import {import_id} is completed, not pending" in delivery.last_error
    record = application.import_record(import_id)
    assert (record.status, record.error_log) == ("completed", None)
    assert len(application.mails()) == 1
