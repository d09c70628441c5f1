"""The script that makes the secrets of an installation: complete, acceptable to every part, and safe to call again."""

import base64
import subprocess
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from groundwork.blocks.secret_variable import secret_of
from tests.compose import compose
from tests.linters import linter, says
from tests.wheel import ROOT

SCRIPT = ROOT / "deployments" / "hosting" / "make-secrets.sh"


def make(folder: Path) -> None:
    subprocess.run(["sh", str(SCRIPT), str(folder)], check=True, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make(tmp_path / "secrets")
    return tmp_path / "secrets"


def content(folder: Path) -> dict[str, str]:
    return {each.name: each.read_text() for each in folder.iterdir()}


def test_shellcheck_has_nothing_to_say():
    says(linter("shellcheck", "apt-get install shellcheck"), str(SCRIPT))


def test_it_makes_exactly_those_that_the_installation_names(folder: Path):
    assert set(content(folder)) == set(compose()["secrets"])


def test_others_of_the_machine_do_not_get_at_them(folder: Path):
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o644}


def test_what_is_there_stays_and_what_is_missing_is_made(folder: Path):
    before = content(folder)
    (folder / "crm-secret").unlink()
    make(folder)
    after = content(folder)
    assert after.keys() == before.keys()
    assert {name for name in before if before[name] != after[name]} == {"crm-secret"}


def test_no_two_installations_share_one(folder: Path, tmp_path: Path):
    make(tmp_path / "others")
    one, other = content(folder), content(tmp_path / "others")
    assert {name for name in one if one[name] == other[name]} == set()


def test_they_have_the_forms_that_are_asked_for(folder: Path):
    for name in content(folder).keys() - {"s3-credentials"}:
        secret = secret_of("A", {"A_FILE": str(folder / name)})
        assert secret
        assert len(secret) >= 16, name
    Fernet((folder / "prefect-encryption-key").read_text().strip())
    assert len(base64.b64decode((folder / "wearable-token-keys").read_text().strip(), validate=True)) == 32
    assert len((folder / "link-secret").read_text().strip()) >= 32
