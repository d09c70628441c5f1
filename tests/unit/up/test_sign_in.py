"""The authorisation string of Prefect's server."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.context import refresh_global_settings_context

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.up.sign_in import CLIENT_VARIABLE, SERVER_VARIABLE, make_sign_in, show_sign_in, sign_in


def test_one_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path):
    file = make_sign_in(tmp_path / "home")
    made = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert make_sign_in(tmp_path / "home").read_text() == made
    assert sign_in(tmp_path / "home", {}, production=True) == made.strip()
    assert list(file.parent.iterdir()) == [file]


def test_the_environment_wins_over_the_home(tmp_path: Path):
    make_sign_in(tmp_path)
    given = {SERVER_VARIABLE: "admin:long enough to keep"}
    assert sign_in(tmp_path, given, production=True) == "admin:long enough to keep"


@pytest.mark.parametrize("string", [None, "", "admin:pass", "without a colon anywhere"])
def test_production_mode_wants_one_that_nobody_guesses(tmp_path: Path, string: str | None):
    environment = {SERVER_VARIABLE: string} if string is not None else {}
    with pytest.raises(ConfigurationError, match="groundwork up --sign-in"):
        sign_in(tmp_path, environment, production=True)


def test_development_mode_wants_none(tmp_path: Path):
    assert sign_in(tmp_path, {}, production=False) is None


@pytest.mark.parametrize("spoil", [lambda file: file.chmod(0o644), lambda file: swap_for_a_link(file)])
def test_a_file_that_others_may_read_or_have_put_there_is_refused(tmp_path: Path, spoil):
    spoil(make_sign_in(tmp_path))
    with pytest.raises(ConfigurationError, match="prefect-sign-in"):
        sign_in(tmp_path, {}, production=True)


def swap_for_a_link(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


@pytest.fixture
def prefect_settings() -> Iterator[None]:
    """Prefect's settings, read again once the environment is as it was."""
    yield
    refresh_global_settings_context()


@pytest.mark.parametrize(
    ("url", "shown"), [(None, True), ("http://127.0.0.1:4200/api", True), ("https://prefect.example.com/api", False)]
)
def test_it_is_shown_to_this_machine_only(
    prefect_settings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str | None, shown: bool
):
    made = make_sign_in(tmp_path).read_text().strip()
    monkeypatch.delenv(CLIENT_VARIABLE, raising=False)
    if url:
        monkeypatch.setenv("PREFECT_API_URL", url)
    environment = dict(os.environ)
    monkeypatch.setattr("os.environ", environment)
    show_sign_in(tmp_path)
    assert (environment.get(CLIENT_VARIABLE) == made) is shown
