"""Whether a webhook is its provider's, and what every way of proving it has in common.

All secrets are tried, and comparisons take as long whichever part is wrong. Who sends is not told which it was.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

WINDOW_SECONDS = 300.0
"""How far the time of a signature may be from now, either way. Higher: what was overheard can be sent again for longer,
though it is stored once. Lower: a provider whose clock is off, or whose proxy queues, is refused."""
MOST_SIGNATURES = 16
"""Signatures of one request that are looked at; providers send one for each secret that they rotate."""
_LONGEST_TIMESTAMP = 15

Encoding = Literal["hex", "base64"]


class Unproved(Exception):
    """This is no webhook of the provider's.

    Args:
        reason: for the operator's log. Never a part of the request: it is a stranger's.
    """


@dataclass(frozen=True)
class Incoming:
    """A request as it came in.

    Attributes:
        method: in upper case.
        uri: as the sender called it, scheme, host and query included.
        headers: by name in lower case.
        body: raw. What is parsed and written again has another signature.
        beyond: what follows the source's name in the path, without the slash.
        address: of what connects, which is a proxy's behind one.
    """

    method: str
    uri: str
    headers: Mapping[str, str]
    body: bytes
    beyond: str = ""
    address: str | None = None

    def header(self, name: str) -> str:
        """A header; empty where there is none."""
        return self.headers.get(name.lower(), "")

    def header_bytes(self, name: str) -> bytes:
        """A header as it was sent."""
        return self.header(name).encode("latin-1", "replace")


@dataclass(frozen=True)
class Proved:
    """What the proof says besides.

    Attributes:
        id: by which the provider names the message, the same each time it is sent; None where only the message says.
        at: when it was signed, None where no time is.
    """

    id: str | None = None
    at: datetime | None = None


class Proof(Protocol):
    """How a provider proves itself. A proof that has to ask somebody, as for a public key, is awaited."""

    def check(self, request: Incoming, secrets: Sequence[str], now: float) -> Proved | Awaitable[Proved]:
        """Check that the provider has sent a request, and lately.

        Args:
            secrets: any of which may have been used.
            now: seconds since 1970.

        Raises:
            Unproved: it has not.
        """
        ...


def same_as_any(given: str, known: Iterable[str]) -> bool:
    """Whether a text is one of those known. All of them are compared."""
    told = given.encode("utf-8", "surrogatepass")
    found = [hmac.compare_digest(told, each.encode()) for each in known]
    return any(found)


def signed_by_any(message: bytes, keys: Iterable[bytes], signatures: Sequence[bytes], digest: str = "sha256") -> bool:
    """Whether a signature is the HMAC of a message by one of the keys. All are tried.

    Args:
        keys: an empty one is none: anybody can sign with it.
        digest: name of the hash function.
    """
    wanted = [hmac.digest(key, message, digest) for key in keys if key]
    fits = [hmac.compare_digest(each, given) for each in wanted for given in signatures[:MOST_SIGNATURES]]
    return any(fits)


def decoded(text: str, encoding: Encoding) -> bytes:
    """A signature as bytes; empty for what is none, which fits nothing."""
    try:
        return bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def signed_at(
    timestamp: str,
    now: float,
    *,
    per_second: int = 1,
    oldest: float = WINDOW_SECONDS,
    ahead: float = WINDOW_SECONDS,
) -> datetime:
    """The moment that a timestamp says.

    Args:
        timestamp: whole digits since 1970.
        now: seconds since 1970.
        per_second: 1 for seconds, 1000 for milliseconds.
        oldest: seconds that it may be past.
        ahead: seconds that it may be in the future.

    Raises:
        Unproved: it is none, or not within that time.
    """
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST_TIMESTAMP):
        raise Unproved("it has no time, or one that is none")
    seconds = int(timestamp) / per_second
    if not -ahead <= now - seconds <= oldest:
        raise Unproved("its time is too far from now: it is old, or a clock is wrong")
    return datetime.fromtimestamp(seconds, UTC)


def digest_of(*parts: str | bytes) -> str:
    """An id of one length, printable whatever a provider's ids are. No part runs into the next."""
    found = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        found.update(len(data).to_bytes(8, "big") + data)
    return found.hexdigest()
