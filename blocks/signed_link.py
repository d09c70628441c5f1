"""Links to the gateway that prove by a signature that we made them.

A token is ``payload.signature``, both base64url; the signature is HMAC-SHA256 of the payload's text. The key is made
from ``GROUNDWORK_SIGNING_SECRET``, else from ``GROUNDWORK_EVENT_KEY``, and the purpose of the link, so that a token of
one purpose is worth nothing for another.
"""

import base64
import hashlib
import hmac

from blocks.errors import ConfigurationError
from blocks.settings import DEVELOPMENT_EVENT_KEY, settings


def signed_url(purpose: str, payload: str) -> str:
    """The link ``<public URL of the gateway>/<purpose>/<token>``.

    Args:
        purpose: first part of the path.
        payload: what the link says. Whoever has the link can read it.

    Raises:
        ConfigurationError: production mode without a secret of its own.
    """
    encoded = _encoded(payload.encode())
    base = settings().public_url or f"http://127.0.0.1:{settings().port}"
    return f"{base.rstrip('/')}/{purpose}/{encoded}.{_sign(encoded, _keys(purpose)[0])}"


def signed_payload(purpose: str, token: str) -> str | None:
    """What a token says; None for one that was not signed here, or for another purpose. Takes equally long whichever
    part of a signature is wrong.

    Raises:
        ConfigurationError: as :func:`signed_url`.
    """
    encoded, _, signature = token.partition(".")
    genuine = [hmac.compare_digest(_sign(encoded, key).encode(), signature.encode()) for key in _keys(purpose)]
    return _decoded(encoded).decode() if any(genuine) else None


def _keys(purpose: str) -> list[bytes]:
    """Keys of the signature, the one to sign with first; several while GROUNDWORK_SIGNING_SECRET is rotated."""
    secret = settings().signing_secret
    event_key = settings().event_key.get_secret_value()
    if secret is None and settings().in_production and event_key == DEVELOPMENT_EVENT_KEY:
        raise ConfigurationError(
            "links cannot be signed with the development key, which anybody knows: set GROUNDWORK_SIGNING_SECRET to "
            "the same value for gateway and workers"
        )
    secrets = secret.get_secret_value().split(",") if secret else [event_key]
    label = f"groundwork {purpose} link 1".encode()
    return [hmac.digest(each.strip().encode(), label, hashlib.sha256) for each in secrets]


def _sign(encoded: str, key: bytes) -> str:
    return _encoded(hmac.digest(key, encoded.encode(), hashlib.sha256))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
