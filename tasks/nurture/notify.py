"""Telling an agency's people: by mail, and by the agency's webhook."""

from collections.abc import Mapping
from threading import BoundedSemaphore
from typing import Any

from pydantic import BaseModel

from groundwork.blocks.database import database
from groundwork.blocks.errors import RecipientRefused
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.notifications import notify_once
from groundwork.tasks.mail_patience import MAIL_PATIENCE
from groundwork.tasks.nurture.agency import agency_of
from groundwork.tasks.nurture.settings import nurture_settings
from groundwork.tasks.nurture.webhooks.posting import WebhookMessage, post
from groundwork.tasks.nurture.webhooks.signing import webhook_secrets
from groundwork.tasks.step import step

MAILS_AT_ONCE = 8
"""Of one process, to the mail server. Too many: the server refuses some, which are tried again later."""

_connections = BoundedSemaphore(MAILS_AT_ONCE)


class Mailed(BaseModel):
    """What became of a mail to one person.

    Attributes:
        sent: whether it was handed over. False: they do not want such mails, or cannot get any.
        refused: why they cannot get any, as the mail server says.
    """

    user_id: str
    sent: bool
    refused: str | None = None


# No provider limit on either: an alert would wait behind what an import of the same agency asks of models and CRMs.
@step(**MAIL_PATIENCE, key=("user_id", "template"))
def mail_agent(user_id: UserId, template: str, values: Mapping[str, Any]) -> Mailed:
    """Mail one person, once per delivery and template. One whom nobody can mail keeps the mail from nobody else."""
    try:
        with _connections:
            return Mailed(user_id=str(user_id), sent=notify_once(user_id, template, values))
    except RecipientRefused as error:
        return Mailed(user_id=str(user_id), sent=False, refused=str(error))


@step(retries=9, first_delay=5.0, longest_delay=1800.0, key=("message_id",))
def call_webhook(workspace_id: WorkspaceId, message_id: str, payload: Mapping[str, Any]) -> int | None:
    """Post a message to the agency's webhook, signed; tried again for about forty minutes, without holding a worker.

    At least once: a receiver that took it and could not say so gets it again, with the same ``webhook-id``.

    Args:
        message_id: the same for the same message, for ever.
        payload: as JSON.

    Returns:
        The status that the receiver answered; None where the agency has no webhook.

    Raises:
        NonRetriable, RetryAfter, WebhookFailed: see :func:`~groundwork.tasks.nurture.webhooks.posting.post`.
    """
    with database().transaction() as connection:
        agency = agency_of(connection, workspace_id)
    if not agency.webhook_url:
        return None
    message = WebhookMessage(
        url=agency.webhook_url,
        secrets=webhook_secrets(workspace_id, agency.webhook_secret_version),
        id=message_id,
        payload=payload,
    )
    settings = nurture_settings()
    return post(message, seconds=settings.webhook_seconds, private=settings.webhook_private)
