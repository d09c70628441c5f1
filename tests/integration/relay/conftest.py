"""A deployment that nobody executes, and deliveries that are overdue."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from prefect import get_client
from prefect.client.schemas.objects import FlowRun
from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from tests.factories import csv_import_confirmed, delivery_of, register_job


@pytest.fixture(scope="package")
def deployment(prefect_api: dict[str, str]) -> Iterator[UUID]:
    """The deployment ``process-csv/process-csv``, without a work pool: its runs stay scheduled. It goes with the last
    test of the folder, since others have one of that name."""
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow_from_name("process-csv")
        deployment_id = client.create_deployment(flow_id, "process-csv")
        yield deployment_id
        client.delete_deployment(deployment_id)


@pytest.fixture
def admitted(db: Database, deployment: UUID) -> Any:
    """A delivery that was admitted, and that nobody has claimed in time."""
    register_job(db, max_attempts=3)
    event_id = send(csv_import_confirmed())
    admit(capacity=1)
    expire(db)
    return delivery_of(db, event_id)


@pytest.fixture
def now(db: Database, admitted: Any) -> Callable[[], Any]:
    """The delivery as it stands now."""
    return lambda: delivery_of(db, admitted.event_id)


def expire(db: Database) -> None:
    """Let the deadline of every delivery in flight pass."""
    with db.transaction() as connection:
        connection.execute(
            text(
                "UPDATE groundwork.delivery SET lease_expires_at = clock_timestamp() WHERE lease_expires_at IS NOT NULL"
            )
        )


def run_of(delivery: Any) -> FlowRun:
    """The flow run that was started for a delivery."""
    with get_client(sync_client=True) as client:
        return client.read_flow_run(delivery.flow_run_id)
