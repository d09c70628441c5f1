"""The seed that a client of Inngest sends with a request, and with every repetition of it: it makes the events' ids."""

import base64
import binascii
import re
from dataclasses import dataclass
from uuid import UUID

HEADER = "x-inngest-event-id-seed"
_FORM = re.compile(r"([0-9]{1,15}),([A-Za-z0-9+/]{14}==)")
"""Milliseconds since 1970 and ten random bytes in base64."""


@dataclass(frozen=True, slots=True)
class Seed:
    """The time and the random bytes of a request."""

    milliseconds: int
    entropy: bytes

    def id_of(self, number: int) -> UUID:
        """The id of an event, whose ULID is the one that Inngest makes.

        Args:
            number: of the event within the request, from 1.
        """
        last = (int.from_bytes(self.entropy[6:], "big") + number) % (1 << 32)
        return UUID(bytes=self.milliseconds.to_bytes(6, "big") + self.entropy[:6] + last.to_bytes(4, "big"))


def seed_of(header: str | None) -> Seed | None:
    """The seed in a header; None where there is none, or one that is malformed."""
    found = _FORM.fullmatch(header or "")
    if found is None or (milliseconds := int(found[1])) >= 1 << 48:
        return None
    try:
        return Seed(milliseconds, base64.b64decode(found[2], validate=True))
    except (ValueError, binascii.Error):
        return None
