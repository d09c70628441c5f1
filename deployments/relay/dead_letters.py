"""Dead letters in Prefect's event feed, where automations see them."""

from typing import Any
from uuid import uuid5

from prefect import get_client
from prefect.events import Event as PrefectEvent
from sqlalchemy import Row

from blocks.database import database
from deployments.relay.prefect_api import related
from events.inbox.statements import inbox_statement

DEAD = "groundwork.delivery.dead"
"""Name of the Prefect event."""


def post_deaths() -> int:
    """Post one Prefect event for each death that has none yet.

    The inbox is the outbox: a death is noted as posted after Prefect has taken its event. The event's id is made from
    the death, so that posting it again after a lost answer, or by another relay, is the same event.

    Returns:
        How many there were; there may be more.

    Raises:
        httpx.HTTPError: Prefect did not take them; they are posted at the next call.
    """
    with database().transaction() as connection:
        deaths = connection.execute(inbox_statement("deaths_to_post")).all()
    if not deaths:
        return 0
    with get_client(sync_client=True) as client:
        client.request("POST", "/events", json=[death_event(each) for each in deaths]).raise_for_status()
    with database().transaction() as connection:
        connection.execute(
            inbox_statement("deaths_posted"),
            {"ids": [each.id for each in deaths], "died_at": [each.settled_at for each in deaths]},
        )
    return len(deaths)


def death_event(death: Row[Any]) -> dict[str, object]:
    """The event of one death, as JSON. Ids only: the error may quote a person's data, and stays in the inbox."""
    return PrefectEvent(
        id=uuid5(death.id, f"death {death.settled_at.isoformat()}"),
        occurred=death.settled_at,
        event=DEAD,
        resource={
            "prefect.resource.id": f"groundwork.delivery.{death.id}",
            "prefect.resource.name": f"{death.job} of {death.workspace_id}",
            "groundwork.job": death.job,
            "groundwork.workspace": death.workspace_id,
        },
        related=related(
            event=f"groundwork.event.{death.event_id}",
            correlation=f"groundwork.correlation.{death.correlation_id}",
            workspace=f"groundwork.workspace.{death.workspace_id}",
            job=f"groundwork.job.{death.job}",
            flow_run=f"prefect.flow-run.{death.flow_run_id}" if death.flow_run_id else None,
        ),
        payload={"delivery_id": str(death.id), "attempt": death.attempt},
    ).model_dump(mode="json")
