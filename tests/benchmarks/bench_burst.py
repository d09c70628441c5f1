"""A burst of events, one run each."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import NewEvent, accept
from tests.benchmarks.applications import one_step, settings_of
from tests.benchmarks.one_step import StepWanted
from tests.benchmarks.running import running_stack
from tests.benchmarks.small_imports import STOCK, SmallImports
from tests.integration.stack.running import RunningStack
from tests.waiting import wait_until

DESCRIPTION = (
    "200 events over 10 workspaces at once, one run each, from the first acceptance to the last settlement, of the "
    "smallest job (one step) and of a one-row import (7 steps, 2 artifacts); beside Prefect's process worker polling "
    "every 0.5 s with 12 of the smallest, as it is that much slower. Everything else is the same."
)
_WORKSPACES = 10
_JOB = settings_of(one_step)


def run(quick: bool) -> dict[str, Any]:
    """Measure runs per second; with 40 and 4 events if quick."""
    number, stock_number = (40, 4) if quick else (200, 12)
    with running_stack(_JOB) as stack:
        ours = _smallest(stack, number)
        imports = _imports(stack, number)
    with running_stack(_JOB | STOCK) as stack:
        stock = _smallest(stack, stock_number)
    return {
        "runs_per_second": ours,
        "import_runs_per_second": imports,
        "stock_runs_per_second": stock,
        "vs_stock": ours / stock,
    }


def _smallest(stack: RunningStack, number: int) -> float:
    _send(1)
    _settled()
    _send(number)
    return _settled()


def _send(number: int) -> None:
    wanted = [
        StepWanted(workspace_id=WorkspaceId(f"workspace-{each % _WORKSPACES}"), number=each) for each in range(number)
    ]
    with database().transaction() as connection:
        connection.execute(text("DELETE FROM groundwork.event WHERE name = :name"), {"name": StepWanted.event_name})
        accept(connection, [NewEvent.of(event, source="benchmark") for event in wanted])


def _settled() -> float:
    """Deliveries per second of the events last sent, once all have ended."""

    def figures() -> Mapping[str, Any] | None:
        with database().transaction() as connection:
            row = connection.execute(
                text(
                    "SELECT count(*) AS sent, count(settled_at) AS settled,"
                    " count(*) FILTER (WHERE state = 'done') AS done,"
                    " extract(epoch FROM max(settled_at) - min(accepted_at)) AS seconds"
                    " FROM groundwork.delivery WHERE job = 'one-step'"
                )
            ).one()
        return row._mapping if row.settled == row.sent else None

    ended = wait_until(figures, 900, "all deliveries to end")
    assert ended["done"] == ended["sent"]
    return float(ended["sent"] / ended["seconds"])


def _imports(stack: RunningStack, number: int) -> float:
    imports = SmallImports(stack, _WORKSPACES)
    imports.one()
    events = imports.settled(imports.send(number), timeout=900)
    began = min(event.accepted_at for event in events)
    ended = max(event.deliveries[0].trace["settledAt"] for event in events)
    return number / (ended - began).total_seconds()
