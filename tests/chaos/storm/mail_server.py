"""A mail server that takes every message, and sometimes loses its answer."""

import random
from dataclasses import dataclass
from typing import Any

from tests.integration.blocks.mail_server import Postmaster

_LOST_MAILS = 0.1


@dataclass(frozen=True)
class Mail:
    """A message as the server took it."""

    message_id: str
    recipient: str
    subject: str


class LossyPostmaster(Postmaster):
    """Drops some connections after DATA, their messages taken, so that the sender cannot know.

    Args:
        rng: decides which.
    """

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self.lossy = False
        self.answers_lost = 0
        self._rng = rng

    @property
    def mails(self) -> list[Mail]:
        """All that was taken, in order."""
        return [
            Mail(str(each["Message-ID"]), each["To"].addresses[0].addr_spec, str(each["Subject"]))
            for each in self.received
        ]

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.lossy and self._rng.random() < _LOST_MAILS:
            self.drops += 1
            self.answers_lost += 1
        return await super().handle_DATA(server, session, envelope)
