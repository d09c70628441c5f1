"""HubSpot's signature of a webhook, version 3.

``X-HubSpot-Signature-v3`` is base64(HMAC-SHA256(client secret, METHOD + URI + body + timestamp)); the URI is the one
that HubSpot called, with some percent-encoded characters decoded (developers.hubspot.com, "Validating requests").
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from groundwork.deployments.gateway.refusal import Refusal

OLDEST_SECONDS = 300.0
"""Age of a request. HubSpot's own limit: what is repeated later, by whomever, is refused."""
CLOCKS_APART_SECONDS = 60.0
"""By how much HubSpot's clock may be ahead of ours."""

_DECODED = re.compile("%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
_MILLISECONDS = re.compile(r"\d{1,15}", re.ASCII)


@dataclass(frozen=True)
class SignedRequest:
    """A request of HubSpot's.

    Attributes:
        uri: as HubSpot called it, scheme, host and query included.
        timestamp: of the header ``X-HubSpot-Request-Timestamp``, in milliseconds.
        signature: of the header ``X-HubSpot-Signature-v3``.
    """

    method: str
    uri: str
    body: bytes
    timestamp: str
    signature: str


def verify(request: SignedRequest, secrets: Sequence[str], now: float) -> None:
    """Check that HubSpot has sent a request, and lately.

    Args:
        secrets: client secrets of the app, several while they are rotated.
        now: seconds since 1970.

    Raises:
        Refusal: 401, after which HubSpot does not send it again.
    """
    if not request.signature or not _MILLISECONDS.fullmatch(request.timestamp):
        raise Refusal(401, "The request has no X-HubSpot-Signature-v3, or no X-HubSpot-Request-Timestamp.")
    sent = int(request.timestamp) / 1000
    if not -CLOCKS_APART_SECONDS <= now - sent <= OLDEST_SECONDS:
        raise Refusal(401, "X-HubSpot-Request-Timestamp is too old, or in the future.")
    uri = _DECODED.sub(lambda found: bytes.fromhex(found[1]).decode(), request.uri)
    message = request.method.encode() + uri.encode() + request.body + request.timestamp.encode()
    given = request.signature.encode()
    # All secrets are tried: how long it takes says nothing of which one fits.
    fits = [hmac.compare_digest(_signature(each, message), given) for each in secrets]
    if not any(fits):
        raise Refusal(
            401,
            "X-HubSpot-Signature-v3 does not fit. Check GROUNDWORK_HUBSPOT_CLIENT_SECRET, and that "
            "GROUNDWORK_PUBLIC_URL is the URL that HubSpot calls.",
        )


def _signature(secret: str, message: bytes) -> bytes:
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest())
