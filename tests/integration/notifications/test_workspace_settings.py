"""A workspace's mails have its own dates and numbers."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.cli import program
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.notifications.local import Local
from groundwork.notifications.samples import sample_values
from groundwork.notifications.user import notify_user
from groundwork.notifications.workspaces import local_of, set_local
from tests.integration.mailing import add_user, mails

ACME, GLOBEX = WorkspaceId("acme"), WorkspaceId("globex")


def told(outbox, user: str) -> str:
    """What a mail with a number and a time says to somebody."""
    values = {name: each for name, each in sample_values("export_finished").items() if name != "user"}
    notify_user(UserId(user), "export_finished", values | {"rows": 12_345}, delivery_id=uuid4())
    [mail] = [each for each in mails(outbox) if each["To"].addresses[0].addr_spec == f"{user}@example.com"]
    return mail.get_body(("plain",)).get_content()


def test_a_workspace_has_its_own_and_its_neighbour_what_it_had(db, outbox):
    add_user(db, "ada")
    add_user(db, "eve", workspace_id="globex")
    with db.transaction() as connection:
        set_local(connection, ACME, locale="de", time_zone="Europe/Berlin")
    ours, theirs = told(outbox, "ada"), told(outbox, "eve")
    assert "12.345" in ours
    assert "29. November 2026, 09:15 CET" in ours
    assert "12,345" in theirs
    assert "29 November 2026, 08:15 UTC" in theirs


def test_one_of_the_two_is_set_and_the_other_stays(db):
    with db.transaction() as connection:
        set_local(connection, ACME, locale="de")
        assert set_local(connection, ACME, time_zone="Asia/Tokyo") == Local("de", "Asia/Tokyo")
        with pytest.raises(ConfigurationError, match="Europe/Lodnon"):
            set_local(connection, ACME, time_zone="Europe/Lodnon")
        assert local_of(connection, ACME) == Local("de", "Asia/Tokyo")
        assert local_of(connection, GLOBEX) == Local()


def test_what_a_statement_of_somebody_s_stored_wrongly_keeps_no_mail_back(db, outbox):
    add_user(db, "ada")
    with db.transaction() as connection:
        connection.execute(text("INSERT INTO app.workspace_setting VALUES ('acme', 'klingon', 'Mars/Olympus')"))
    assert "12,345" in told(outbox, "ada")


def test_the_command_line_sets_and_shows_it(db):
    def run(*options: str):
        return CliRunner().invoke(program(), ["workspace", "set", "acme", *options])

    assert "en-GB, and times of UTC" in run().output
    assert "de, and times of Europe/Berlin" in run("--locale", "de", "--time-zone", "Europe/Berlin").output
    assert "de, and times of Europe/Berlin" in run().output
    assert "Europe/Berlin is one" in str(run("--time-zone", "Europe/Lodnon").exception)
