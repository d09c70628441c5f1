"""Links by which a person turns a kind of notification off, without signing in.

A link says who and which setting, and does not expire: an old mail must still let go of its reader. Whoever has a mail
can use its link, so the worst that a forwarded mail can do is to end such mails.
"""

import json
from dataclasses import dataclass
from typing import Self, cast, get_args

from sqlalchemy import Connection, update

from groundwork.blocks.schema import app_user
from groundwork.blocks.signed_link import signed_payload, signed_url
from groundwork.events.identifiers import UserId
from groundwork.notifications.recipient import Setting

PURPOSE = "unsubscribe"

KINDS: dict[Setting, str] = {
    "notify_on_import_complete": "mails about your imports",
    "notify_on_export_complete": "mails about your exports",
    "notify_weekly_digest": "the weekly digest",
}
"""What a setting turns off, as people call it."""


@dataclass(frozen=True, slots=True)
class Unsubscription:
    """One person, and the setting that the link turns off."""

    user_id: UserId
    setting: Setting

    @classmethod
    def read(cls, token: str) -> Self | None:
        """What a link's token says; None for one that was not signed here."""
        payload = signed_payload(PURPOSE, token)
        if payload is None:
            return None
        match json.loads(payload):
            case [str(user_id), str(setting)] if setting in get_args(Setting):
                return cls(UserId(user_id), cast(Setting, setting))
        return None

    @property
    def kind(self) -> str:
        """What is turned off, as people call it."""
        return KINDS[self.setting]

    def url(self) -> str:
        """The link.

        Raises:
            ConfigurationError: no secret to sign with.
        """
        return signed_url(PURPOSE, json.dumps([str(self.user_id), self.setting], ensure_ascii=False))

    def apply(self, connection: Connection) -> None:
        """Turn the setting off. A repeat, or a user who is gone, changes nothing."""
        connection.execute(update(app_user).where(app_user.c.id == str(self.user_id)).values({self.setting: False}))
