from email import message_from_bytes, policy

import pytest
from typer.testing import CliRunner

from groundwork.blocks.errors import ConfigurationError, UnknownName
from groundwork.deployments.cli import program
from groundwork.notifications.rendering import sample, templates


@pytest.fixture
def groundwork(tmp_path, monkeypatch):
    """Runs the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(program(), arguments)


def test_the_list_names_every_notification_with_a_subject(groundwork):
    lines = groundwork("mail", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == templates()
    assert "Welcome, Ada" in lines[templates().index("welcome")]


@pytest.mark.parametrize("template", templates())
def test_a_preview_is_a_page_that_shows_without_the_message(groundwork, tmp_path, template):
    result = groundwork("mail", "preview", template)
    assert (result.exit_code, result.stdout.strip()) == (0, f"{template}.html")
    page = (tmp_path / f"{template}.html").read_text()
    assert "cid:" not in page
    assert ("data:image/png;base64," in page) == ("bar_chart" in str(sample(template)))


def test_a_preview_can_be_the_whole_message(groundwork, tmp_path):
    assert groundwork("mail", "preview", "weekly_digest", "--out", "mails/digest.eml").exit_code == 0
    message = message_from_bytes((tmp_path / "mails" / "digest.eml").read_bytes(), policy=policy.default)
    assert message["List-Unsubscribe"] == "<https://app.example.com/unsubscribe/sample>"
    assert [part.get_content_type() for part in message.walk() if not part.is_multipart()] == [
        "text/plain",
        "text/html",
        "image/png",
    ]


def test_a_preview_can_be_the_plain_text(groundwork, tmp_path):
    groundwork("mail", "preview", "welcome", "--out", "welcome.txt")
    assert (tmp_path / "welcome.txt").read_text().startswith("Hello Ada,\n")


def test_a_file_of_another_kind_is_refused_with_the_cure(groundwork, tmp_path):
    result = groundwork("mail", "preview", "welcome", "--out", "welcome.pdf")
    assert isinstance(result.exception, ConfigurationError)
    assert "end the name in .html, .txt, .eml" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_misspelt_notification_gets_a_suggestion(groundwork):
    result = groundwork("mail", "preview", "welcom")
    assert isinstance(result.exception, UnknownName)
    assert "did you mean 'welcome'" in str(result.exception)
