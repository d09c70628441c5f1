"""What Garmin has in place of a signature: a secret in its path, and the networks that it pushes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.process_cache import process_cache
from groundwork.events.webhooks import Incoming, Proved, Unproved, several
from groundwork.events.webhooks.proof import same_as_any
from groundwork.tasks.fitness.settings import fitness_settings

SHORTEST_SECRET = 32
"""Characters of the secret in Garmin's path."""


@dataclass(frozen=True)
class GarminPath:
    """The last part of the path, and the address of what connects."""

    def check(self, request: Incoming, secrets: Sequence[str], now: float) -> Proved:  # noqa: ARG002
        """Check both.

        Raises:
            Unproved: one of them is not Garmin's.
        """
        if not (same_as_any(request.beyond, secrets) and is_garmins(request.address)):
            raise Unproved("its path or its address is not Garmin's")
        return Proved()


def garmin_secrets() -> list[str]:
    """The secrets of Garmin's path; none where Garmin is not configured.

    Raises:
        ConfigurationError: one is too short.
    """
    found = several(fitness_settings().garmin_hook_secret)
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
