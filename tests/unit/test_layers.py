"""The rule of the house: arrows between rooms go down, and the inbox alone knows its tables."""

import ast
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import DateTime, Table

from groundwork.blocks.schema import inbox
from groundwork.blocks.sql import named_statements

ROOT = Path(__file__).parents[2]
ROOMS = ("deployments", "flows", "tasks", "notifications", "events", "blocks")
"""From the top down."""
APPLICATIONS = {file.parent.name for file in (ROOT / "flows").glob("*/__init__.py")}
OWN_TABLES = {name for name, it in vars(inbox).items() if getattr(it, "schema", None) == inbox.SCHEMA}
INBOX = ROOT / "events" / "inbox"
CLIENT = ROOT / "events" / "clients" / "python" / "groundwork_client"
"""A distribution of its own, whose modules find each other wherever it lies."""


def application_of(parts: Sequence[str]) -> str | None:
    """The application that a module belongs to, by its place below its room; None for the engine's."""
    return next((part for part in parts[1:] if part in APPLICATIONS), None)


def files_of(room: str, kind: str = "py") -> list[Path]:
    return sorted((ROOT / room).rglob(f"*.{kind}"))


def imports_of(file: Path) -> list[tuple[str, str | None]]:
    """Modules, each with a name that is imported from it."""
    found: list[tuple[str, str | None]] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(each.name, None) for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 or CLIENT in file.parents, f"{file}: imports are absolute"
            found += [(node.module or "", each.name) for each in node.names]
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_one_above_it(room: str):
    above = ROOMS[: ROOMS.index(room)]
    upwards = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files_of(room)
        for module, _ in imports_of(file)
        if module.startswith(tuple(f"groundwork.{each}" for each in above))
    ]
    assert not upwards


@pytest.mark.parametrize("room", ROOMS)
def test_the_engine_imports_no_application_and_applications_do_not_import_each_other(room: str):
    across = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in files_of(room)
        for module, name in imports_of(file)
        if module.startswith("groundwork.")
        and (theirs := application_of([*module.split(".")[1:], *([name] if name else [])])) is not None
        and theirs != application_of(file.relative_to(ROOT).with_suffix("").parts)
    ]
    assert not across


@pytest.mark.parametrize("room", ROOMS)
def test_only_the_inbox_names_a_table_of_its_own(room: str):
    table = re.compile(rf"\bgroundwork\.({'|'.join(OWN_TABLES)})\b")
    schema = ROOT / "blocks" / "schema", ROOT / "blocks" / "migrations"
    outside = [
        file
        for kind in ("py", "sql")
        for file in files_of(room, kind)
        if not file.is_relative_to(INBOX) and not any(file.is_relative_to(each) for each in schema)
    ]
    in_sql = [str(file) for file in outside if file.suffix == ".sql" and table.search(file.read_text(encoding="utf-8"))]
    in_python = [
        f"{file}: {name}"
        for file in outside
        if file.suffix == ".py"
        for module, name in imports_of(file)
        if module.startswith("groundwork.blocks.schema") and name in OWN_TABLES
    ]
    assert not in_sql + in_python


def test_the_light_client_imports_nothing_but_the_standard_library_httpx_and_standardwebhooks():
    tops = {
        each.partition(".")[0]
        for file in CLIENT.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom) and not getattr(node, "level", 0)
        for each in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names])
    }
    assert tops - sys.stdlib_module_names == {"httpx", "standardwebhooks"}


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_for_tests_only_is_imported_by_no_room(room: str):
    for_tests = ("groundwork.testing", "groundwork.events.inbox.clock", "groundwork.events.inbox.rehearsal")
    imported = [
        f"{file.relative_to(ROOT)} imports {full}"
        for file in files_of(room)
        for module, name in imports_of(file)
        for full in (module, f"{module}.{name}")
        if full.startswith(for_tests)
    ]
    assert not imported


def test_the_clock_of_tests_moves_every_time_of_the_inbox():
    moved = (INBOX / "clock.sql").read_text(encoding="utf-8")
    stay = {"job.retired_at", "job.updated_at", "event.occurred_at", "step_ledger.written_at"}
    forgotten = {
        f"{table.name}.{column.name}"
        for table in vars(inbox).values()
        if isinstance(table, Table) and table.schema == inbox.SCHEMA
        for column in table.columns
        if isinstance(column.type, DateTime) and f"{column.name} = {column.name} - " not in moved
    }
    assert forgotten == stay


def test_rows_leave_the_inbox_typed():
    untyped = [
        str(file)
        for room in ("deployments", "flows")
        for file in files_of(room)
        if ("sqlalchemy", "Row") in imports_of(file)
    ]
    assert not untyped


@pytest.mark.parametrize("module", sorted(INBOX.glob("*.sql")), ids=lambda file: file.stem)
def test_each_statement_of_the_inbox_is_used_by_the_module_of_its_files_name(module: Path):
    code = module.with_suffix(".py").read_text(encoding="utf-8")
    assert [name for name in named_statements(module) if f'"{name}"' not in code] == []
