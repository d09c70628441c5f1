"""The command line of a worker, for whoever starts one. Free of Prefect."""

from collections.abc import Sequence
from dataclasses import dataclass

from groundwork.blocks.settings import Settings
from groundwork.blocks.work_pool import WORK_POOL

KEEPS_STANDBY = "GROUNDWORK__STANDBY"
"""Environment variable that has a worker keep a zygote that stands by for the next renewal. It names a file to which
the worker writes, when it begins and when a renewal is over, the process id of the zygote that takes runs. Two
underscores: no setting."""


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """What may be said of one worker.

    Attributes:
        pool: whose runs it takes.
        type: of the pool; None: that of GROUNDWORK_WORKER.
        limit: runs at once, hosts of light runs included; None: what GROUNDWORK_CONCURRENCY says, and the hosts'
            places in the work pool that has hosts.
    """

    pool: str = WORK_POOL
    type: str | None = None
    limit: int | None = None


def worker_arguments(settings: Settings, name: str, options: WorkerOptions | None = None) -> Sequence[str]:
    """What follows ``python -m``.

    Args:
        name: in Prefect.
    """
    said = options or WorkerOptions()
    of_hosts = settings.host_places if said.pool == WORK_POOL else 0
    kind = said.type or settings.worker
    # What workers of this project's own type may hold is what there is room for. Of others, the work pool says it.
    module = "prefect" if kind == "groundwork" else "groundwork.deployments.worker.of_prefect"
    default = settings.concurrency + of_hosts if kind == "groundwork" else None
    limit = said.limit or default
    # A pool that Prefect makes in passing is not the one that deployments are tied to.
    pool = ("--pool", said.pool, "--type", kind, "--no-create-pool-if-not-found")
    return (module, "worker", "start", *pool, "--name", name, *(() if limit is None else ("--limit", str(limit))))
