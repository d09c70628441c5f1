"""Secrets that files hold: read like values, and never told in an error."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from groundwork.blocks.all_settings import check_settings, misspelt, settings_classes
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import forget
from groundwork.blocks.secret_variable import MOST_BYTES, OF_PREFECT, file_variable, laid_over, read_secrets_of_prefect
from groundwork.blocks.settings import Settings, settings

SECRET = "swordfish-of-the-test"
FILE = "GROUNDWORK_EVENT_KEY_FILE"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch):
    forget()
    yield
    monkeypatch.undo()
    forget()


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], Path]:
    """A file with some content, named as that of the event key."""

    def write(content: bytes) -> Path:
        path = tmp_path / "event-key"
        path.write_bytes(content)
        monkeypatch.setenv(FILE, str(path))
        return path

    return write


@pytest.mark.parametrize("content", [SECRET, f"{SECRET}\n", f"{SECRET}\r\n", f"\ufeff{SECRET}\n", f"  {SECRET} "])
def test_a_file_is_read_as_people_and_tools_write_it(given: Callable[[bytes], Path], content: str):
    given(content.encode())
    assert settings().event_key.get_secret_value() == SECRET


def secret_fields() -> list[tuple[str, str, str]]:
    return [
        (owner, variable, name)
        for owner, kind in settings_classes().items()
        for variable, name in kind.secrets().items()
    ]


def test_the_secrets_of_every_class_of_settings_are_found():
    found = {variable for _, variable, _ in secret_fields()}
    assert {"GROUNDWORK_DATABASE_URL", "GROUNDWORK_REDIS_URL", "GROUNDWORK_CRM_SECRET"} <= found
    shown = {
        variable
        for kind in settings_classes().values()
        for variable, name in kind.variables().items()
        if "Secret" in str(kind.model_fields[name].annotation)
    }
    assert found == shown


@pytest.mark.parametrize(("owner", "variable", "name"), secret_fields())
def test_every_secret_setting_can_be_given_by_a_file(
    owner: str, variable: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    value = "smtp://user:word@mail.example:587" if name == "smtp_url" else "postgresql://someone@db/app"
    (tmp_path / "secret").write_text(f"{value}\n")
    monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(file_variable(variable), str(tmp_path / "secret"))
    assert getattr(settings_classes()[owner](), name).get_secret_value() == value
    assert list(misspelt()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty. Write the secret into it."),
        (b" \n", "is empty"),
        (f"{SECRET}\nmore".encode(), "has several lines"),
        (f"{SECRET}\0".encode(), "characters that cannot be printed"),
        (b"\xff" + SECRET.encode(), "is not UTF-8"),
        (SECRET.encode() * MOST_BYTES, "which is no secret"),
    ],
)
def test_a_file_without_a_secret_is_refused(given: Callable[[bytes], Path], content: bytes, said: str):
    path = given(content)
    with pytest.raises(ConfigurationError) as raised:
        check_settings()
    assert f"{FILE}: {path}" in str(raised.value)
    assert said in str(raised.value)
    assert SECRET not in str(raised.value)


def test_a_path_that_leads_to_no_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for path, said in (
        (tmp_path / "absent", "does not exist"),
        (tmp_path, "is no file"),
        (Path("/dev/zero"), "is no file"),
        (Path("event-key"), "Give an absolute one"),
    ):
        monkeypatch.setenv(FILE, str(path))
        with pytest.raises(ConfigurationError, match=said):
            check_settings()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_file_of_another_user_is_refused_with_the_one_that_has_to_read_it(given: Callable[[bytes], Path]):
    given(SECRET.encode()).chmod(0o600)
    program = (
        "import os\nfrom groundwork.blocks.all_settings import check_settings\nimport groundwork.blocks.settings\n"
        "os.seteuid(65534)\ncheck_settings()"
    )
    done = subprocess.run([sys.executable, "-c", program], env=os.environ, capture_output=True, text=True)
    assert "cannot be read (Permission denied). Let user 65534 of this process read it." in done.stderr


def test_a_value_and_a_file_are_refused(given: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch):
    given(SECRET.encode())
    monkeypatch.setenv("GROUNDWORK_EVENT_KEY", "another")
    with pytest.raises(ConfigurationError) as raised:
        check_settings()
    assert f"GROUNDWORK_EVENT_KEY and {FILE} are both set. Leave one of them out." in str(raised.value)
    assert SECRET not in str(raised.value)
    assert "another" not in str(raised.value)


def test_what_a_file_holds_is_checked_like_a_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "smtp").write_text(f"gopher://{SECRET}@mail")
    monkeypatch.setenv("GROUNDWORK_SMTP_URL_FILE", str(tmp_path / "smtp"))
    with pytest.raises(ConfigurationError, match="GROUNDWORK_SMTP_URL_FILE: ") as raised:
        check_settings()
    assert SECRET not in str(raised.value)


def test_an_argument_of_a_program_wins_and_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(FILE, "")
    assert settings().event_key == Settings.model_fields["event_key"].default
    monkeypatch.setenv("GROUNDWORK_DATABASE_URL_FILE", "")
    assert Settings(event_key=SECRET).event_key.get_secret_value() == SECRET


def test_a_misspelt_file_is_warned_of(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROUNDWORK_EVENTKEY_FILE", "/run/secrets/event-key")
    assert [each for each in misspelt() if FILE in each]


def test_secrets_of_prefect_are_read_once_for_all_that_is_started(tmp_path: Path):
    (tmp_path / "string").write_text(f"admin:{SECRET}\n")
    environment = {file_variable(each): str(tmp_path / "string") for each in OF_PREFECT}
    assert read_secrets_of_prefect(environment)
    assert environment == dict.fromkeys(OF_PREFECT, f"admin:{SECRET}")
    assert not read_secrets_of_prefect(environment)


def test_of_a_secrets_two_variables_that_of_the_upper_environment_counts():
    files = {"GROUNDWORK_DATABASE_URL_FILE": "/run/secrets/database-url", "SSL_CERT_FILE": "/etc/ssl/cert.pem"}
    found = {"GROUNDWORK_DATABASE_URL": "postgresql://found", "SSL_CERT": "another program's", "HOME": "/root"}
    assert laid_over(found, files) == {"SSL_CERT": "another program's", "HOME": "/root"} | files
    assert laid_over(files, found) == {"SSL_CERT_FILE": "/etc/ssl/cert.pem"} | found


def test_each_file_that_is_wrong_is_named():
    environment = {file_variable(each): f"/absent/{each}" for each in OF_PREFECT[:2]} | {OF_PREFECT[1]: SECRET}
    with pytest.raises(ConfigurationError) as raised:
        read_secrets_of_prefect(environment)
    assert f"{file_variable(OF_PREFECT[0])}: /absent/{OF_PREFECT[0]} does not exist" in str(raised.value)
    assert f"{OF_PREFECT[1]} and {file_variable(OF_PREFECT[1])} are both set" in str(raised.value)
    assert SECRET not in str(raised.value)


def test_the_page_names_every_file_of_the_engine_and_of_prefect():
    page = (Path(__file__).parents[3] / "docs" / "settings.md").read_text()
    section = page.partition("## Secrets by file")[2].partition("\n## ")[0]
    assert all(f"`{variable}`" in section for variable in Settings.secrets())
    assert all(f"`{file_variable(variable)}`" in section for variable in OF_PREFECT)
