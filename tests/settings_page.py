"""The tables of settings in the docs, made from the code. ``python -m tests.settings_page`` writes them."""

from pathlib import Path

from groundwork.blocks.all_settings import ENGINE, settings_classes
from groundwork.blocks.environment import EnvironmentSettings, variable_of

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs" / "settings.md")
EVERYDAY = (
    "mode", "home", "database_url", "storage_url", "event_key", "signing_secret", "host", "port", "public_url",
    "smtp_url", "mail_from", "concurrency",
)  # fmt: skip
"""Settings that a reader of the README wants first."""


def tables() -> dict[str, str]:
    """Every table by its mark: ``everyday``, ``engine`` and the name of each application with settings."""
    classes = settings_classes()
    found = {name: _table(kind, tuple(kind.model_fields)) for name, kind in classes.items()}
    return {"everyday": _table(classes[ENGINE], EVERYDAY), **found}


def written(page: str) -> str:
    """A page with the table of the code between each pair of marks that it has."""
    for name, table in tables().items():
        begin, end = marks(name)
        before, mark, rest = page.partition(begin)
        if mark:
            page = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    return page


def marks(name: str) -> tuple[str, str]:
    """What stands before and after a table."""
    return f"<!-- settings: {name} -->", f"<!-- /settings: {name} -->"


def _table(kind: type[EnvironmentSettings], fields: tuple[str, ...]) -> str:
    rows = [
        f"| `{variable_of(name)}` | {_default(kind.model_fields[name].get_default(call_default_factory=True))} | "
        f"{kind.model_fields[name].description} |"
        for name in fields
    ]
    return "\n".join(["| variable | default | what it does, and what breaks |", "| --- | --- | --- |", *rows])


def _default(value: object) -> str:
    if value in (None, ""):
        return "–"
    shown = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    return f"`{shown}`"


if __name__ == "__main__":
    for each in PAGES:
        each.write_text(written(each.read_text()))
