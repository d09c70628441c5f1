"""What keeps everybody's deliveries waiting until an operator acts: told once in the log and in Prefect's feed."""

import logging
from dataclasses import dataclass

from prefect.events import Event as PrefectEvent

from groundwork.blocks.words import counted
from groundwork.deployments.relay.posting import post
from groundwork.deployments.relay.prefect_api import related
from groundwork.events.inbox.blockages import (
    Begun,
    Blockage,
    Over,
    blockage_to_post,
    look_for_blockage,
    note_blockage_posted,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What may be blocked.

    Attributes:
        name: as errors have it.
        event: name of the Prefect event.
        why: what is wrong, and the cure.
        over: what is so when it is over.
    """

    name: str
    event: str
    why: str
    over: str


MAIL = _Subject(
    "mail",
    "groundwork.mail.refused",
    "the mail server refuses this installation: its login, sender, network or right to relay. Nobody's mail goes out. "
    "Correct GROUNDWORK_SMTP_URL, GROUNDWORK_MAIL_FROM or the server. Each mail is tried again for four hours, then it "
    "is a dead letter",
    "No delivery waits any more for the mail server to take this installation's mail",
)


def look_for_blockages() -> None:
    """Say in the log that deliveries wait for an operator, once as it begins and once as it ends, whichever relay sees
    it."""
    match look_for_blockage(MAIL.name):
        case Begun(deliveries=number, event_id=event_id):
            logger.error(
                "%s, as %s. What it answered: `groundwork status %s`.",
                counted(number, "delivery waits", "deliveries wait"),
                MAIL.why,
                event_id,
            )
        case Over(seconds=seconds):
            logger.warning("%s; some did for %.0f s.", MAIL.over, seconds)


def post_blockages() -> int:
    """Post one Prefect event for a blockage that has none yet, for automations of people's own.

    Returns:
        How many there were.

    Raises:
        httpx.HTTPError: Prefect did not take it; it is posted at the next call.
    """
    blockage = blockage_to_post(MAIL.name)
    if blockage is None:
        return 0
    refused = post([blockage_event(MAIL, blockage)])
    for refusal in refused:
        logger.error("Prefect refuses to hear that mail is refused: %s.", refusal.answer)
    if not refused or refused[0].final:
        note_blockage_posted(blockage)
    return 1


def blockage_event(subject: _Subject, blockage: Blockage) -> dict[str, object]:
    """The event of a blockage, as JSON. Ids and numbers only: what the server answered may quote a person's data, and
    stays in the inbox. Its own id is the blockage's, so that posting it again after a lost answer is the same event."""
    return PrefectEvent(
        id=blockage.id,
        occurred=blockage.began_at,
        event=subject.event,
        resource={"prefect.resource.id": f"groundwork.{subject.name}", "prefect.resource.name": subject.name},
        related=related(event=f"groundwork.event.{blockage.event_id}" if blockage.event_id else None),
        payload={
            "deliveries": blockage.deliveries,
            "delivery_id": str(blockage.delivery_id) if blockage.delivery_id else None,
        },
    ).model_dump(mode="json")
