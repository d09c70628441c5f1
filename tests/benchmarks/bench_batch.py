"""A burst of one lane whose job takes batches."""

from typing import Any

from groundwork.events.identifiers import WorkspaceId
from tests.benchmarks.lane_stack import lane_stack, rows, send_all
from tests.benchmarks.lanes import BatchWanted
from tests.waiting import wait_until

DESCRIPTION = (
    "500 events of one lane at once, batched by 100, each a step of its own within its batch's run: from the first "
    "acceptance to the last settlement, and how many runs they took."
)


def run(quick: bool) -> dict[str, Any]:
    """Measure events per second; of 100 events if quick."""
    number = 100 if quick else 500
    with lane_stack():
        send_all([BatchWanted(workspace_id=WorkspaceId("acme"), number=each) for each in range(number)])
        [row] = wait_until(_settled, 300, "the burst to end")
        assert row.done == number
        return {"events_per_second": float(number / row.seconds), "runs": row.runs, "seconds": float(row.seconds)}


def _settled() -> Any:
    found = rows(
        "SELECT count(*) AS sent, count(settled_at) AS settled, count(DISTINCT flow_run_id) AS runs,"
        " count(*) FILTER (WHERE state = 'done') AS done,"
        " extract(epoch FROM max(settled_at) - min(accepted_at)) AS seconds"
        " FROM groundwork.delivery WHERE job = 'together' AND workspace_id = 'acme'"
    )
    return found if found[0].settled == found[0].sent else None
