"""Dead letters in Prefect's event feed, where automations see them."""

import logging
from uuid import uuid5

from prefect.events import Event as PrefectEvent

from groundwork.deployments.relay.posting import post
from groundwork.deployments.relay.prefect_api import delivery_resource, related
from groundwork.events.inbox.dead_letters import Death, deaths_to_post, note_deaths_posted

logger = logging.getLogger(__name__)

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
    deaths = deaths_to_post()
    if not deaths:
        return 0
    refused = {refusal.place: refusal for refusal in post([death_event(each) for each in deaths])}
    for place, refusal in refused.items():
        logger.error(
            "Prefect refuses to hear of the death of delivery %s: %s. `groundwork dead list` has it.",
            deaths[place].id,
            refusal.answer,
        )
    # One that is refused for good is done with, and keeps no later one back.
    note_deaths_posted([each for place, each in enumerate(deaths) if place not in refused or refused[place].final])
    return len(deaths)


def death_event(death: Death) -> dict[str, object]:
    """The event of one death, as JSON. Ids only: the error may quote a person's data, and stays in the inbox."""
    return PrefectEvent(
        id=uuid5(death.id, f"death {death.died_at.isoformat()}"),
        occurred=death.died_at,
        event=DEAD,
        resource=delivery_resource(death.id, job=death.job, workspace_id=death.workspace_id),
        related=related(
            event=f"groundwork.event.{death.event_id}",
            correlation=f"groundwork.correlation.{death.correlation_id}",
            workspace=f"groundwork.workspace.{death.workspace_id}",
            job=f"groundwork.job.{death.job}",
            flow_run=f"prefect.flow-run.{death.flow_run_id}" if death.flow_run_id else None,
        ),
        payload={"delivery_id": str(death.id), "attempt": death.attempt},
    ).model_dump(mode="json")
