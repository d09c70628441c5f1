"""Reapit's signature of a webhook: ``X-Signature: s:keyId:timestamp:signature``, Ed25519 over timestamp and body
(foundations-documentation.reapit.cloud, "Webhooks")."""

import base64
import binascii
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from groundwork.deployments.gateway.refusal import Refusal

OLDEST_SECONDS = 300.0
"""Age of a request; what is repeated later, by whomever, is refused."""
CLOCKS_APART_SECONDS = 60.0
"""By how much Reapit's clock may be ahead of ours."""
_LONGEST_TIMESTAMP = 15
_IN_MILLISECONDS = 1e11
"""A timestamp beyond counts milliseconds; in seconds it would be the year 5138."""


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
            Refusal: 401.
        """
        kind, _, rest = header.partition(":")
        key_id, _, rest = rest.partition(":")
        timestamp, _, encoded = rest.partition(":")
        if kind != "s" or not timestamp.isdecimal() or not timestamp.isascii() or len(timestamp) > _LONGEST_TIMESTAMP:
            raise Refusal(401, "X-Signature is not of the form s:keyId:timestamp:signature.")
        try:
            padded = encoded.replace("-", "+").replace("_", "/").rstrip("=")
            value = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise Refusal(401, "The signature in X-Signature is no base64.") from None
        return cls(key_id, timestamp, value)

    def require_lately(self, now: float) -> None:
        """Check when it was signed.

        Raises:
            Refusal: 401.
        """
        sent = float(self.timestamp)
        sent = sent / 1000 if sent > _IN_MILLISECONDS else sent
        if not -CLOCKS_APART_SECONDS <= now - sent <= OLDEST_SECONDS:
            raise Refusal(401, "The timestamp in X-Signature is too old, or in the future.")

    def verify(self, key: Ed25519PublicKey, body: bytes) -> None:
        """Check that the key's owner has signed the body.

        Raises:
            Refusal: 401.
        """
        try:
            key.verify(self.value, self.timestamp.encode() + body)
        except InvalidSignature:
            raise Refusal(401, "X-Signature does not fit the body.") from None
