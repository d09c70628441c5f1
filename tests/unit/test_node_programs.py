"""Where Node's packages cannot be had their tests are skipped; where our lock file is at fault they fail."""

import shutil
from pathlib import Path

import pytest

from tests.node_programs import PROGRAMS, LockIsWrong, install


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    for each in ("package-lock.json", "package.json"):
        shutil.copy(PROGRAMS / each, tmp_path)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:1")
    return tmp_path


def test_a_registry_that_does_not_answer_is_told_and_is_no_fault(folder: Path) -> None:
    assert install(folder) == "ECONNREFUSED"


def test_a_lock_file_that_npm_cannot_use_is_a_fault(folder: Path) -> None:
    (folder / "package-lock.json").write_text("{", encoding="utf-8")
    with pytest.raises(LockIsWrong):
        install(folder)
