"""What the console signs: sessions, and links that open one.

A token is ``payload.signature``, both base64url: JSON, and HMAC-SHA256 of the payload's text. Its secret is made of the
key that it was made with, so that it ends when that key does, on every gateway alike.
"""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Literal

from groundwork.blocks.console_keys import ConsoleKey, ConsoleKeys

LONGEST = 2048
"""Characters of a token."""

Purpose = Literal["session", "link"]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token grants.

    Attributes:
        key: name of the key that it was made with.
        workspace: the one workspace that may be seen; None: as the key says.
        expires_at: seconds since 1970.
        mark: tells grants of one key apart.
    """

    key: str
    workspace: str | None
    expires_at: int
    mark: str


def signed(purpose: Purpose, grant: Grant, entry: ConsoleKey) -> str:
    """Make a token.

    Args:
        entry: the key of the grant.
    """
    content = {"key": grant.key, "workspace": grant.workspace, "exp": grant.expires_at, "mark": grant.mark}
    encoded = _encoded(json.dumps(content, separators=(",", ":")).encode())
    return f"{encoded}.{_signature(purpose, encoded, entry)}"


def read(purpose: Purpose, token: str, keys: ConsoleKeys) -> tuple[Grant, ConsoleKey] | None:
    """What a token grants, and the key that it was made with; None where it is forged, of another purpose, expired, or
    of a key that is gone."""
    encoded, _, signature = token.partition(".")
    if len(token) > LONGEST or not token.isascii():
        return None
    try:
        content = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        grant = Grant(str(content["key"]), content["workspace"], int(content["exp"]), str(content["mark"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    entry = keys.named(grant.key)
    if entry is None or not hmac.compare_digest(_signature(purpose, encoded, entry), signature):
        return None
    return (grant, entry) if grant.expires_at > time.time() else None


def form_token(grant: Grant, entry: ConsoleKey) -> str:
    """What every form of a session carries, which no other site knows."""
    return _signature("form", grant.mark, entry)


def _signature(purpose: str, text: str, entry: ConsoleKey) -> str:
    secret = hmac.digest(
        entry.key.get_secret_value().encode(), f"groundwork console {purpose} 1".encode(), hashlib.sha256
    )
    return _encoded(hmac.digest(secret, text.encode(), hashlib.sha256))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
