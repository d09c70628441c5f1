"""One reset for everything that a process keeps."""

import ast
from pathlib import Path

import pytest

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.process_cache import forget
from groundwork.blocks.settings import settings

ROOT = Path(__file__).parents[3]
ROOMS = ("blocks", "deployments", "events", "flows", "notifications", "tasks")


def test_what_is_kept_is_made_anew_after_a_reset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    forget()
    before = settings()
    monkeypatch.setenv("GROUNDWORK_STORAGE_URL", tmp_path.as_uri())
    assert settings() is before
    forget()
    try:
        assert blob_store().storage_url == tmp_path.as_uri()
    finally:
        monkeypatch.undo()
        forget()


def cached_functions_without_arguments(file: Path) -> list[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [
        f"{file.relative_to(ROOT)}: {node.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and not node.args.args
        and any(ast.unparse(each).partition("(")[0] in ("cache", "lru_cache") for each in node.decorator_list)
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_what_depends_on_the_process_alone_is_forgotten_with_the_rest(room: str):
    files = sorted((ROOT / room).rglob("*.py"))
    assert [each for file in files for each in cached_functions_without_arguments(file)] == []
