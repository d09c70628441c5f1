"""The flow runs of a workspace's deliveries, by job."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from groundwork.blocks.settings import settings
from groundwork.deployments.commands.options import running_on
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox.runs import runs_by_job


@dataclass(frozen=True)
class Runs:
    """The flow runs of a job's deliveries.

    Attributes:
        number: how many there are; hosts are among them.
        url: of one of them in Prefect's UI; None where there is none, or no UI.
    """

    number: int
    url: str | None


def runs_of(connection: Connection, workspace_id: WorkspaceId, jobs: Sequence[str]) -> dict[str, Runs]:
    """The runs of a workspace by job, in the order of the jobs."""
    found, running = runs_by_job(connection, workspace_id, jobs), running_on(settings().home)
    page = f"{running.prefect_ui_url}/runs/flow-run" if running else None
    return {
        job: Runs(found[job][0], f"{page}/{found[job][1]}" if page else None) if job in found else Runs(0, None)
        for job in jobs
    }
