"""Mail to the operators of this installation: one address, no settings of a person's."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from groundwork.blocks.mailer import mailer
from groundwork.blocks.settings import settings
from groundwork.notifications.message import compose, message_id
from groundwork.notifications.rendering import render


def notify_operators(template: str, values: Mapping[str, Any], *, about: UUID) -> bool:
    """Send a notification to the operators.

    Args:
        template: name of the notification.
        values: what it shows.
        about: what it tells of; a repeat about the same is the same message, with the same Message-ID.

    Returns:
        Whether a message was handed over. False: ``GROUNDWORK_OPERATORS_EMAIL`` is not set.

    Raises:
        UnknownName: there is no such notification.
        MailRefused: the server refuses the address or the message for good.
        MailTemporarilyRefused: trying again later may help.
    """
    address = settings().operators_email
    if address is None:
        return False
    rendered = render(template, **values, user={"name": "", "email": address}, unsubscribe_url=None)
    mailer().send(compose(rendered, recipient=address, name="", message_id=message_id(about, template, address)))
    return True
