"""Reapit's signature of a webhook: ``X-Signature: s:keyId:timestamp:signature``, Ed25519 over timestamp and body
(foundations-documentation.reapit.cloud, "Webhooks")."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from groundwork.events.webhooks.proof import Unproved, signed_at

OLDEST_SECONDS = 300.0
"""Age of a request; what is repeated later, by whomever, is refused."""
CLOCKS_APART_SECONDS = 60.0
"""By how much Reapit's clock may be ahead of ours."""
_LONGEST_TIMESTAMP = 15
_DIGITS_OF_SECONDS = 11
"""A timestamp of more counts milliseconds; in seconds it would be the year 5138 or later."""


@dataclass(frozen=True)
class Signature:
    """The parts of the header.

    Attributes:
        timestamp: as it is signed.
        value: 64 bytes.
    """

    key_id: str
    timestamp: str
    value: bytes

    @classmethod
    def of(cls, header: str) -> Self:
        """The parts of a header.

        Raises:
            Unproved: it is of another form.
        """
        kind, _, rest = header.partition(":")
        key_id, _, rest = rest.partition(":")
        timestamp, _, encoded = rest.partition(":")
        if kind != "s" or not timestamp.isdecimal() or not timestamp.isascii() or len(timestamp) > _LONGEST_TIMESTAMP:
            raise Unproved("X-Signature is not of the form s:keyId:timestamp:signature")
        try:
            padded = encoded.replace("-", "+").replace("_", "/").rstrip("=")
            value = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise Unproved("the signature in X-Signature is no base64") from None
        return cls(key_id, timestamp, value)

    def signed_at(self, now: float) -> datetime:
        """When it was signed.

        Raises:
            Unproved: not lately.
        """
        milliseconds = len(self.timestamp) > _DIGITS_OF_SECONDS
        return signed_at(
            self.timestamp,
            now,
            per_second=1000 if milliseconds else 1,
            oldest=OLDEST_SECONDS,
            ahead=CLOCKS_APART_SECONDS,
        )

    def verify(self, key: Ed25519PublicKey, body: bytes) -> None:
        """Check that the key's owner has signed the body.

        Raises:
            Unproved: they have not.
        """
        try:
            key.verify(self.value, self.timestamp.encode() + body)
        except InvalidSignature:
            raise Unproved("X-Signature does not fit the body") from None
