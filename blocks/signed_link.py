"""Links to the gateway that prove by a signature that we made them.

A token is ``payload.signature``, both base64url; the signature is HMAC-SHA256 of the payload's text. The key is made
from a secret of links and from the purpose of the link, so that a token of one purpose is worth nothing for another.
"""

import base64
import hashlib
import hmac
import logging

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.link_secret import link_secrets
from groundwork.blocks.public_address import public_address

logger = logging.getLogger(__name__)

FORM = r"[\w-]+\.[\w-]{43}"
"""Pattern of a token, to find one in a text."""

LONGEST_TOKEN = 4096
"""Characters. Mail programs and proxies cut longer addresses off."""


def signed_url(purpose: str, payload: str) -> str:
    """Make the link ``<public URL of the gateway>/<purpose>/<token>``.

    Args:
        purpose: first part of the path.
        payload: what the link says. Whoever has the link can read it.

    Raises:
        ConfigurationError: no secret to sign with, or one that is not fit for it.
        ValueError: the payload makes a link of more than 4,096 characters.
    """
    encoded = _encoded(payload.encode())
    token = f"{encoded}.{_sign(encoded, _key(purpose, link_secrets(make=True)[0]))}"
    if len(token) > LONGEST_TOKEN:
        raise ValueError(
            f"a link whose token has {len(token):,} characters does not survive in mails; shorten the names in it to "
            f"{LONGEST_TOKEN:,} together"
        )
    return f"{public_address()}/{purpose}/{token}"


def signed_payload(purpose: str, token: str) -> str | None:
    """Read what a token says.

    Takes equally long whichever part of a signature is wrong.

    Returns:
        None for a token that was not signed here, or for another purpose; and for every token where there is no secret,
        which is logged.
    """
    encoded, _, signature = token.partition(".")
    if len(token) > LONGEST_TOKEN or not token.isascii() or not encoded:
        return None
    try:
        known = link_secrets(make=False)
    except ConfigurationError as error:
        logger.warning("links are answered as unknown: %s", error)
        return None
    genuine = [hmac.compare_digest(_sign(encoded, _key(purpose, each)), signature) for each in known]
    return _decoded(encoded).decode() if any(genuine) else None


def _key(purpose: str, secret: bytes) -> bytes:
    return hmac.digest(secret, f"groundwork {purpose} link 2".encode(), hashlib.sha256)


def _sign(encoded: str, key: bytes) -> str:
    return _encoded(hmac.digest(key, encoded.encode(), hashlib.sha256))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
