"""Prefect behind a proxy that can fail, a relay and a worker that ask it, and what they log."""

import sys
from collections.abc import Iterator
from uuid import UUID

import pytest
from prefect import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from sqlalchemy import text

from groundwork.blocks.database import Database, database
from groundwork.blocks.work_pool import WORK_POOL
from tests.factories import register_job
from tests.integration.prefect_proxy import PrefectProxy, prefect_proxy
from tests.integration.process import Process


@pytest.fixture(scope="package")
def proxy(prefect_api: dict[str, str]) -> Iterator[PrefectProxy]:
    """Prefect, seen through a proxy."""
    with prefect_proxy(prefect_api["PREFECT_API_URL"]) as running:
        yield running


@pytest.fixture(scope="package")
def pool(prefect_api: dict[str, str]) -> None:
    """The work pool, with room for everything."""
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="groundwork"), overwrite=True)


@pytest.fixture(scope="package")
def deployment(pool: None) -> Iterator[UUID]:
    """A deployment ``process-csv/process-csv`` in the work pool, whose runs nobody takes. Other tests have one of that
    name without a pool, which would stay in this one's if it were still there."""
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow_from_name("process-csv")
        deployment_id = client.create_deployment(flow_id, "process-csv", work_pool_name=WORK_POOL)
        yield deployment_id
        client.delete_deployment(deployment_id)


@pytest.fixture(scope="package")
def inbox(postgres: object) -> Database:
    """The database, emptied once: a running relay and an emptying would wait for each other."""
    with database().transaction() as connection:
        connection.execute(text("TRUNCATE groundwork.event, groundwork.job, groundwork.fair_share CASCADE"))
    register_job(database(), lane=1_000, max_attempts=2)
    return database()


@pytest.fixture(scope="package")
def relay(
    inbox: Database,
    proxy: PrefectProxy,
    prefect_api: dict[str, str],
    deployment: UUID,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Process]:
    """A running relay that asks the proxy."""
    log = tmp_path_factory.mktemp("relay") / "relay.log"
    environment = {
        **prefect_api,
        **proxy.environment,
        "GROUNDWORK_CLAIM_SECONDS": "600",
        "GROUNDWORK_CONCURRENCY": "100",  # the runs of all tests wait at once
    }
    process = Process([sys.executable, "-m", "groundwork.deployments.relay"], environment, log)
    yield process
    process.end()
