"""The rule of the house: no function takes more than four positional parameters; options travel as one object."""

import ast
from pathlib import Path

from tests.unit.test_layers import ROOMS, ROOT, files_of

MOST = 4
EXCEPTIONS = {
    # Typer's way to say the options of a command.
    "deployments/commands/cancel.py cancel",
    "deployments/commands/contacts/export.py export",
    "deployments/commands/contacts/import_file.py import_file",
    "deployments/commands/contacts/import_file.py start_import",
    "deployments/commands/dead.py list_dead",
    "deployments/commands/dead.py replay_dead",
    "deployments/commands/events.py list_events",
    "deployments/commands/lanes.py lanes",
    "deployments/commands/lanes.py set_lane",
    "deployments/commands/parts.py prefect_server",
    "deployments/commands/parts.py worker",
    "deployments/commands/send.py send",
    "deployments/commands/up.py up",
    "deployments/commands/user.py add",
    # As Prefect calls it.
    "deployments/worker/configuration.py prepare_for_flow_run",
    # From before the rule had a test.
    "deployments/up/part.py __init__",
    "notifications/chart.py _box",
    "notifications/chart.py _write",
}
"""Frozen: none is added."""


def positional(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def too_long(file: Path) -> set[str]:
    return {
        f"{file.relative_to(ROOT)} {node.name}"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and len(positional(node)) > MOST
    }


def test_no_function_takes_more_than_four_positional_parameters_but_those_that_are_known():
    found = {each for room in ROOMS for file in files_of(room) for each in too_long(file)}
    assert found - EXCEPTIONS == set()
    assert EXCEPTIONS - found == set(), "no exception any more: take it off the list"
