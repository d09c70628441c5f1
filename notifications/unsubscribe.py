"""Links by which a person turns a kind of notification off, without signing in.

A link says who and which kind, and does not expire: an old mail must still let go of its reader. Whoever has a mail
can use its link, so the worst that a forwarded mail can do is to end such mails.
"""

import json
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection

from groundwork.blocks.signed_link import signed_payload, signed_url
from groundwork.events.identifiers import UserId
from groundwork.notifications.kinds import Kind, kind_named
from groundwork.notifications.recipient import set_wanted

PURPOSE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Unsubscription:
    """One person, and the kind of mail that the link turns off."""

    user_id: UserId
    kind: Kind

    @classmethod
    def read(cls, token: str) -> Self | None:
        """What a link's token says; None for one that was not signed here, or whose kind there is no more."""
        payload = signed_payload(PURPOSE, token)
        if payload is None:
            return None
        match json.loads(payload):
            case [str(user_id), str(name)] if kind := kind_named(name):
                return cls(UserId.stored(user_id), kind)
        return None

    def url(self) -> str:
        """The link.

        Raises:
            ConfigurationError: no secret to sign with.
        """
        return signed_url(PURPOSE, json.dumps([str(self.user_id), self.kind.name], ensure_ascii=False))

    def apply(self, connection: Connection) -> None:
        """Turn the kind off. A repeat, or a user who is gone, changes nothing."""
        set_wanted(connection, self.user_id, self.kind.name, False)
