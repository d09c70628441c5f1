"""The one way to notify a person: by user id, as their settings allow, with one message per delivery."""

import logging
from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, select

from blocks.mailer import mailer
from blocks.schema import app_user
from events.identifiers import UserId
from notifications.message import compose, message_id
from notifications.rendering import render

logger = logging.getLogger(__name__)

Setting = Literal["notify_on_import_complete", "notify_on_export_complete"]
"""Columns of ``app.app_user`` by which a person turns a kind of notification off."""


def notify_user(
    connection: Connection,
    user_id: UserId,
    template: str,
    values: Mapping[str, Any],
    *,
    setting: Setting,
    delivery_id: UUID,
) -> bool:
    """Send a notification to a user who wants it.

    A repeat sends the same message with the same Message-ID; that there is no repeat is the ledger's business.

    Args:
        connection: to look the user up; nothing is written.
        user_id: the person. A workspace's id is refused, even where the two happen to be the same text.
        template: name of the notification.
        values: what it shows; ``user`` is added, with ``name`` and ``email``.
        setting: the user's setting that must be on.
        delivery_id: what the notification is about.

    Returns:
        Whether a message was handed over. False: no such user (logged), or their setting is off.

    Raises:
        TypeError: ``user_id`` is not a UserId.
        UnknownName: there is no such notification.
        MailRefused: the server refuses the address or the message for good.
        MailTemporarilyRefused: trying again later may help.
    """
    if not isinstance(user_id, UserId):
        raise TypeError(f"{user_id!r} is a {type(user_id).__name__}; a UserId is wanted")
    columns = app_user.c
    user = connection.execute(
        select(columns.name, columns.email, columns[setting].label("wanted")).where(columns.id == str(user_id))
    ).one_or_none()
    if user is None:
        logger.warning("No %s sent: there is no user %s", template, user_id)
        return False
    if not user.wanted:
        return False
    rendered = render(template, **values, user={"name": user.name, "email": user.email})
    identifier = message_id(delivery_id, template, user.email)
    mailer().send(compose(rendered, recipient=user.email, name=user.name, message_id=identifier))
    return True
