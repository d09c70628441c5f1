"""Secrets of Standard Webhooks as they are written down: ``whsec_`` and base64."""

import base64
import binascii


def key_of(secret: str) -> bytes:
    """The key that a secret stands for; its padding may be left out.

    Raises:
        ValueError: it is not base64 after ``whsec_``.
    """
    encoded = secret.removeprefix("whsec_").rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        raise ValueError("a signing secret is not base64 after whsec_") from None
