"""What a worker has read of a run by the time it starts it: the run's process need not ask Prefect for it again."""

from prefect.client.schemas.objects import Flow, FlowRun, WorkPool, WorkQueue
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.related import RESOURCE_CACHE
from prefect.types import DateTime
from pydantic import BaseModel


class Known(BaseModel):
    """A run and what it belongs to, as they were when the worker took the run on."""

    flow_run: FlowRun
    flow: Flow | None = None
    deployment: DeploymentResponse | None = None
    work_pool: WorkPool | None = None
    work_queue: WorkQueue | None = None

    def remember(self) -> None:
        """Let this process's events name flow, deployment, work pool and work queue without asking for them.

        Prefect keeps them in a dictionary of the process, which is empty in a new one: each run would read all four.
        """
        now = DateTime.now()
        for kind, key, found in (
            ("flow", self.flow and self.flow.id, self.flow),
            ("deployment", self.deployment and self.deployment.id, self.deployment),
            ("work-pool", self.work_pool and self.work_pool.name, self.work_pool),
            ("work-queue", self.work_queue and self.work_queue.id, self.work_queue),
        ):
            if found is not None:
                RESOURCE_CACHE[f"{kind}.{key}"] = ({"kind": kind, "object": found}, now)
