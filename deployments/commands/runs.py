"""The runs of a workspace, as Prefect has them."""

from collections.abc import Iterable
from dataclasses import dataclass

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter, FlowRunFilterTags

from groundwork.blocks.settings import settings
from groundwork.deployments.commands.options import running_on
from groundwork.events.identifiers import WorkspaceId, workspace_tag


@dataclass(frozen=True)
class Runs:
    """The runs of a job.

    Attributes:
        number: how many there are.
        url: of one of them in Prefect's UI; None where there is none, or no UI.
    """

    number: int
    url: str | None


def runs_of(workspace_id: WorkspaceId, jobs: Iterable[str]) -> dict[str, Runs]:
    """The runs of a workspace by job, in the order of the jobs."""
    tags = FlowRunFilter(tags=FlowRunFilterTags(all_=[workspace_tag(workspace_id)]))
    running = running_on(settings().home)
    found = {}
    with get_client(sync_client=True) as client:
        for job in jobs:
            of_job = FlowFilter(name=FlowFilterName(any_=[job]))
            number = client.count_flow_runs(flow_filter=of_job, flow_run_filter=tags)
            one = client.read_flow_runs(flow_filter=of_job, flow_run_filter=tags, limit=1)
            url = f"{running.prefect_ui_url}/runs/flow-run/{one[0].id}" if running and one else None
            found[job] = Runs(number, url)
    return found
