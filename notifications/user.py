"""The one way to notify a person: by user id, as their settings allow, with one message per delivery."""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from groundwork.blocks.database import database
from groundwork.blocks.mail.headers import LONGEST_NAME, clean
from groundwork.blocks.mailer import mailer
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.events.inbox import once, running_attempt
from groundwork.events.inbox.ledger import written_for
from groundwork.notifications.kinds import kind_of
from groundwork.notifications.message import compose, message_id
from groundwork.notifications.recipient import recipient
from groundwork.notifications.rendering import render
from groundwork.notifications.unsubscribe import Unsubscription

logger = logging.getLogger(__name__)

_LEDGER = "notify"


def notify_once(user_id: UserId, template: str, values: Mapping[str, Any]) -> bool:
    """Send a notification to a user of the delivery's workspace who wants it, once for the delivery that is running.

    It is sent first and then recorded, with no transaction open meanwhile, as the mail server may take its time. A
    crash in between sends the same message, with the same Message-ID, once more.

    Args:
        user_id, template, values: see :func:`notify_user`.

    Returns:
        Whether a message was handed over, now or by an attempt before.

    Raises:
        ConfigurationError: no job is running.
        StaleAttempt: a later attempt has the delivery.
        MailRefused, MailTemporarilyRefused, TypeError, UnknownName: see :func:`notify_user`.
    """
    attempt = running_attempt()
    key = f"{template}:{user_id}"
    before = written_for(attempt, _LEDGER, key)
    if before is not None:
        return bool(before)
    sent = notify_user(
        user_id,
        template,
        values,
        delivery_id=attempt.delivery_id,
        workspace_id=WorkspaceId.stored(attempt.workspace_id),
    )
    with once(attempt, _LEDGER, key=key) as entry:
        if entry.result is None:
            entry.result = sent
        return bool(entry.result)


def notify_user(
    user_id: UserId,
    template: str,
    values: Mapping[str, Any],
    *,
    delivery_id: UUID,
    workspace_id: WorkspaceId | None = None,
) -> bool:
    """Send a notification to a user who wants it.

    Of which kind it is says ``kind.txt`` beside its templates; the mail has a link that turns the kind off. A template
    without that file is a mail that nobody can turn off.

    A repeat sends the same message with the same Message-ID; that there is no repeat is :func:`notify_once`'s business.

    Args:
        user_id: the person. A workspace's id is refused, even where the two happen to be the same text.
        template: name of the notification.
        values: what it shows; ``user`` is added, with ``name`` and ``email``.
        delivery_id: what the notification is about.
        workspace_id: whose business it tells of: whoever is not one of its users now, is not told. None: nobody's.

    Returns:
        Whether a message was handed over. False: no such user in the workspace, or mail to their address came back for
        good (both are logged), or they do not want such mails.

    Raises:
        TypeError: ``user_id`` is not a UserId.
        UnknownName: there is no such notification.
        RecipientRefused: the server refuses the address for good.
        MailRefused: the server refuses the message for good.
        MailSetupRefused: the server refuses this installation, and with it everybody's mail.
        MailTemporarilyRefused: trying again later may help.
    """
    with database().transaction() as connection:
        user = recipient(connection, user_id, template)
    if user is None:
        logger.warning("No %s sent: there is no user %s", template, user_id)
        return False
    if workspace_id is not None and user.workspace_id != str(workspace_id):
        logger.warning("No %s sent: the user %s is none of the workspace %s", template, user_id, workspace_id)
        return False
    if not user.wanted:
        return False
    if user.bounced:
        logger.warning("No %s sent to the user %s: mail to their address came back for good", template, user_id)
        return False
    kind = kind_of(template)
    unsubscribe_url = Unsubscription(user_id, kind).url() if kind else None
    # One line, in the greeting too: a name with line ends would write paragraphs of its own.
    person = {"name": clean(user.name, LONGEST_NAME), "email": user.email}
    rendered = render(template, local=user.local, **values, user=person, unsubscribe_url=unsubscribe_url)
    mailer().send(
        compose(
            rendered,
            recipient=user.email,
            name=user.name,
            message_id=message_id(delivery_id, template, user.email, str(user_id)),
            unsubscribe_url=unsubscribe_url,
        )
    )
    return True
