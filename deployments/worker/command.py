"""The command line of a worker, for whoever starts one. Free of Prefect."""

from collections.abc import Sequence

from groundwork.blocks.settings import Settings
from groundwork.deployments.wiring.work_pool import WORK_POOL


def worker_arguments(settings: Settings, name: str, *, limit: int | None = None) -> Sequence[str]:
    """What follows ``python -m``.

    Args:
        name: in Prefect.
        limit: runs at once on this worker; None: as many as the work pool lets through.
    """
    # A pool that Prefect makes in passing has no limit: the relay would admit a thousand runs.
    pool = ("--pool", WORK_POOL, "--type", settings.worker, "--no-create-pool-if-not-found")
    return ("prefect", "worker", "start", *pool, "--name", name, *(() if limit is None else ("--limit", str(limit))))
