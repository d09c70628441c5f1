"""The README is true: its settings are all there, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

from groundwork.blocks.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def settings_table() -> str:
    """The table of settings, made from the settings themselves."""
    rows = [
        f"| `GROUNDWORK_{name.upper()}` | {_default(field.get_default())} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | what it does, and what breaks |", "| --- | --- | --- |", *rows])


def _default(value: object) -> str:
    if value is None:
        return "–"
    shown = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    return f"`{shown}`"


def test_the_table_of_settings_is_that_of_the_code() -> None:
    table = README.split("<!-- settings -->")[1].split("<!-- /settings -->")[0].strip()
    assert table == settings_table(), f"put this between the marks in README.md:\n{settings_table()}"


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{each.name}" for each in (ROOT / "docs").glob("*.md"))])
def test_links_to_files_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"
