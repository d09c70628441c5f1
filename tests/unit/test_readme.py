"""The README is true: its settings are all there, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

from groundwork.blocks.all_settings import settings_classes
from tests.settings_page import PAGES, marks, written

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_of_settings_are_those_of_the_code(page: Path) -> None:
    assert page.read_text() == written(page.read_text()), "write it anew: .venv/bin/python -m tests.settings_page"


def test_every_setting_is_on_the_page_of_settings() -> None:
    assert [
        name for name in settings_classes() if marks(name)[0] not in (ROOT / "docs" / "settings.md").read_text()
    ] == []


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{each.name}" for each in (ROOT / "docs").glob("*.md"))])
def test_links_to_files_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"
