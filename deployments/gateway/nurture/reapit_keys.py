"""Reapit's public keys, by which its webhooks are verified: fetched by id, and kept for a day."""

import asyncio
import base64
import binascii
import re
import time
from collections import OrderedDict, deque

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from groundwork.blocks.process_cache import process_cache
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.events.webhooks.proof import Unproved

KEPT_SECONDS = 86_400.0
"""How long a key is trusted without asking again."""
OLD_SECONDS = 7 * 86_400.0
"""How long a key goes on being trusted after that, as long as Reapit cannot be asked."""
MOST_KEYS = 16
"""Keys that are kept, and ids of no key."""
UNKNOWN_SECONDS = 60.0
"""How long it is remembered that there is no key of an id."""
FETCHES_PER_MINUTE = 10
"""Whoever sends made-up ids has us ask Reapit no more often."""
LARGEST_KEY = 10_000
"""Bytes of an answer."""
TIMEOUT = 2.0
"""Seconds; the sender waits meanwhile."""

_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
"""What becomes a part of the path of a URL has nothing that a path takes for its own."""


@process_cache
def keys_at(url: str) -> "ReapitKeys":
    """The keys that this process has from Reapit's platform at a URL."""
    return ReapitKeys(url)


class ReapitKeys:
    """The keys of one gateway process.

    Args:
        url: of Reapit's platform.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: OrderedDict[str, tuple[Ed25519PublicKey | None, float]] = OrderedDict()
        self._fetches: deque[float] = deque(maxlen=FETCHES_PER_MINUTE)
        self._lock = asyncio.Lock()

    async def key(self, key_id: str) -> Ed25519PublicKey:
        """The key of an id.

        Raises:
            Unproved: there is none.
            Refusal: 503, Reapit could not be asked now: it sends such a webhook again.
        """
        if not _KEY_ID.fullmatch(key_id):
            raise _unknown()
        found = self._kept(key_id)
        if found is None:
            async with self._lock:
                found = self._kept(key_id) or await self._fetched_or_old(key_id)
        if found[0] is None:
            raise _unknown()
        return found[0]

    def _kept(self, key_id: str) -> tuple[Ed25519PublicKey | None, float] | None:
        found = self._keys.get(key_id)
        return found if found is not None and found[1] > time.monotonic() else None

    async def _fetched_or_old(self, key_id: str) -> tuple[Ed25519PublicKey | None, float]:
        """The key as Reapit has it now; where it cannot be asked, the one that was trusted until now."""
        try:
            return await self._fetch(key_id)
        except Refusal:
            old = self._keys.get(key_id)
            if old is None or old[0] is None or time.monotonic() > old[1] + OLD_SECONDS:
                raise
            return old

    async def _fetch(self, key_id: str) -> tuple[Ed25519PublicKey | None, float]:
        now = time.monotonic()
        if len(self._fetches) == FETCHES_PER_MINUTE and now - self._fetches[0] < 60:
            raise Refusal(503, "Too many keys of Reapit are asked for. Send this again.", headers={"Retry-After": "60"})
        self._fetches.append(now)
        key = await _fetched(f"{self._url}/webhooks/signing/{key_id}")
        self._keys[key_id] = found = key, now + (KEPT_SECONDS if key else UNKNOWN_SECONDS)
        self._keys.move_to_end(key_id)
        while len(self._keys) > MOST_KEYS:
            unknown = next((each for each, (kept, _) in self._keys.items() if kept is None), None)
            self._keys.pop(unknown if unknown is not None else next(iter(self._keys)))
        return found


async def _fetched(url: str) -> Ed25519PublicKey | None:
    """The key at a URL; None where Reapit says that there is none."""
    away = Refusal(503, "Reapit's key could not be fetched. Send this again.", headers={"Retry-After": "60"})
    try:
        async with (
            asyncio.timeout(TIMEOUT),
            httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False) as client,
            client.stream("GET", url, headers={"api-version": "2020-01-31"}) as response,
        ):
            if response.status_code == 404:
                return None
            if response.status_code != 200:
                raise away
            data = b""
            async for part in response.aiter_bytes():
                data += part
                if len(data) > LARGEST_KEY:
                    raise away
            return key_of(httpx.Response(200, content=data).json())
    except (httpx.HTTPError, TimeoutError, ValueError, KeyError, TypeError, AttributeError):
        raise away from None


def key_of(jwk: dict[str, str]) -> Ed25519PublicKey:
    """The key of a JWK (RFC 8037).

    Raises:
        ValueError, KeyError: it is none of Ed25519.
    """
    if (jwk["kty"], jwk["crv"]) != ("OKP", "Ed25519"):
        raise ValueError("no Ed25519 key")
    try:
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "=" * (-len(jwk["x"]) % 4)))
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _unknown() -> Unproved:
    return Unproved("X-Signature names no key of Reapit's")
