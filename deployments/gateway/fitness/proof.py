"""Whether a webhook is its provider's: by its signature, or by what Garmin has instead.

Comparisons take as long whichever part is wrong, and nobody is told which it was.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import process_cache
from groundwork.tasks.fitness.settings import fitness_settings

WINDOW = timedelta(minutes=5)
"""How far the timestamp of a signature may be from now, either way. Higher: what was overheard can be sent again for
longer, though it is stored once. Lower: a provider whose clock is off is refused."""
SHORTEST_SECRET = 32
"""Characters of the secret in Garmin's path."""
_LONGEST_TIMESTAMP = 15


def oura_signature(secret: str, timestamp: str, body: bytes) -> str:
    """``x-oura-signature``: HMAC-SHA256 over timestamp and body, in upper-case hex."""
    return hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).hexdigest().upper()


def whoop_signature(secret: str, timestamp: str, body: bytes) -> str:
    """``X-WHOOP-Signature``: HMAC-SHA256 over timestamp and body, in base64."""
    return base64.b64encode(hmac.digest(secret.encode(), timestamp.encode() + body, hashlib.sha256)).decode()


def same_as_any(given: str, known: Iterable[str]) -> bool:
    """Whether a text is one of those known. All of them are compared."""
    told = given.encode("utf-8", "surrogatepass")
    found = [hmac.compare_digest(told, each.encode()) for each in known]
    return any(found)


def signed_at(timestamp: str, *, per_second: int, now: datetime | None = None) -> datetime | None:
    """The moment that a timestamp says, if it is within :data:`WINDOW` of now; else None.

    Args:
        timestamp: whole digits since 1970.
        per_second: 1 for seconds, 1000 for milliseconds.
    """
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST_TIMESTAMP):
        return None
    try:
        moment = datetime.fromtimestamp(int(timestamp) / per_second, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return moment if abs(moment - (now or datetime.now(UTC))) <= WINDOW else None


def garmin_secrets() -> list[str]:
    """The secrets of Garmin's path; none where Garmin is not configured.

    Raises:
        ConfigurationError: one is too short.
    """
    given = fitness_settings().garmin_hook_secret
    found = [each.strip() for each in (given.get_secret_value() if given else "").split(",") if each.strip()]
    if any(len(each) < SHORTEST_SECRET for each in found):
        raise ConfigurationError(
            f"GROUNDWORK_GARMIN_HOOK_SECRET: {SHORTEST_SECRET} characters at least, as it is all that proves Garmin. "
            'Make one: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return found


def is_garmins(address: str | None) -> bool:
    """Whether an address is one of those that Garmin may push from; any is, where the settings name none."""
    networks = _garmin_networks()
    if not networks:
        return True
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in networks)


@process_cache
def _garmin_networks() -> list[IPv4Network | IPv6Network]:
    listed = [each.strip() for each in fitness_settings().garmin_addresses.split(",") if each.strip()]
    try:
        return [ip_network(each) for each in listed]
    except ValueError as error:
        raise ConfigurationError(f"GROUNDWORK_GARMIN_ADDRESSES: {error}. Such as 203.0.113.0/24") from None
