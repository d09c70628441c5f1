"""Apply the project to a Prefect server: work pools, blocks, deployments, automations."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from prefect.workers.base import BaseWorker
from prefect.workers.process import ProcessWorker

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.prefect_client import prefect_client
from groundwork.blocks.prefect_pause import LONGEST_PAUSE
from groundwork.blocks.settings import Settings
from groundwork.blocks.words import counted
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.wiring.applied import is_applied, remember
from groundwork.deployments.wiring.documents import blocks, ensure_block
from groundwork.deployments.wiring.prefect_deploy import PrefectDeploy
from groundwork.deployments.wiring.project import deployments_of
from groundwork.deployments.wiring.switched_off import stay_disabled

_MOST_POOLS = 200
_TYPE_OF_OTHERS = "process"
logger = logging.getLogger(__name__)

INTERACTIVE_QUEUE = "interactive"
"""Work queue of the deployments of interactive jobs, in ``prefect.yaml``."""


def deploy_wiring(
    project: Sequence[Path],
    environment: Mapping[str, str],
    settings: Settings,
    *,
    note: Path | None = None,
    prepared: PrefectDeploy | None = None,
    blocks_are_there: Callable[[], None] = lambda: None,
) -> None:
    """Make the work pool and the block documents where they are missing, then apply every ``prefect.yaml``.

    Args:
        project: folders with a ``prefect.yaml`` each.
        environment: with ``PREFECT_API_URL``, and ``PREFECT_API_AUTH_STRING`` where the server asks for it.
        settings: type and limit of the work pool if it has to be made.
        note: file that remembers what was applied; nothing is done where the server still has it.
        prepared: a deploy that waits to be run.
        blocks_are_there: called once there is what parts need that do not need the deployments.

    Raises:
        ConfigurationError: the work pool is of another type, or ``prefect deploy --all`` refused.
    """
    given = {
        setting: environment[setting.name]
        for setting in (PREFECT_API_URL, PREFECT_API_AUTH_STRING)
        if setting.name in environment
    }
    with temporary_settings(given):
        _ensure_work_pool(settings)
        _make_missing_pools(project, settings)
        if note is not None and is_applied(note, project):
            blocks_are_there()
            return
        for block in blocks():
            ensure_block(block)
        blocks_are_there()
        with stay_disabled():
            (prepared or PrefectDeploy(project, environment)).run()
        if note is not None:
            remember(note, project)


def _ensure_work_pool(settings: Settings) -> None:
    with prefect_client(LONGEST_PAUSE) as client:
        try:
            pool = client.read_work_pool(WORK_POOL)
        except ObjectNotFound:
            # Another deploy may have made it meanwhile, or a request of this one whose answer was lost.
            with suppress(ObjectAlreadyExists):
                _make_work_pool(client, settings)
            pool = client.read_work_pool(WORK_POOL)
        _ensure_interactive_queue(client)
    if pool.type != settings.worker:
        raise ConfigurationError(
            f"The work pool {WORK_POOL} is of type {pool.type}, and GROUNDWORK_WORKER asks for {settings.worker}. "
            f"Set GROUNDWORK_WORKER={pool.type}, or delete the pool: prefect work-pool delete {WORK_POOL}"
        )


def _make_missing_pools(project: Sequence[Path], settings: Settings) -> None:
    """Make the pools that deployments name and Prefect does not have: for Prefect's process worker, which needs nothing
    else. A pool of another type has a template that a person has to write."""
    named = {each.work_pool for each in deployments_of(project) if each.work_pool is not None}
    with prefect_client(LONGEST_PAUSE) as client:
        there = {each.name for each in client.read_work_pools(limit=_MOST_POOLS)}
        for pool in sorted(named - there):
            with suppress(ObjectAlreadyExists):
                client.create_work_pool(
                    WorkPoolCreate(
                        name=pool,
                        type=_TYPE_OF_OTHERS,
                        base_job_template=ProcessWorker.get_default_base_job_template(),
                        concurrency_limit=settings.concurrency,
                        description="Runs of jobs that name this work pool.",
                    )
                )
            logger.info(
                "The work pool %s was made, of type process, for %s at once. Its worker: groundwork worker --pool %s "
                "--type process. For another type, make it before: prefect work-pool create %s --type TYPE",
                pool,
                counted(settings.concurrency, "run"),
                pool,
                pool,
            )


def _make_work_pool(client: SyncPrefectClient, settings: Settings) -> None:
    worker = BaseWorker.get_worker_class_from_type(settings.worker)
    assert worker is not None, f"the worker type {settings.worker} is installed with this package"
    client.create_work_pool(
        WorkPoolCreate(
            name=WORK_POOL,
            type=settings.worker,
            base_job_template=worker.get_default_base_job_template(),
            # Workers of this project's own type say for themselves what they may hold; of others nobody else knows.
            concurrency_limit=None if settings.worker == "groundwork" else settings.concurrency + settings.host_places,
            description="Runs of every Groundwork job.",
        )
    )


def _ensure_interactive_queue(client: SyncPrefectClient) -> None:
    """Runs of interactive jobs go to a queue of their own, which workers look at first: while a run of another
    workspace is still on its way out of Prefect, they are next."""
    try:
        client.read_work_queue_by_name(INTERACTIVE_QUEUE, work_pool_name=WORK_POOL)
    except ObjectNotFound:
        with suppress(ObjectAlreadyExists):
            client.create_work_queue(
                INTERACTIVE_QUEUE, work_pool_name=WORK_POOL, priority=1, description="Runs that somebody waits for."
            )
