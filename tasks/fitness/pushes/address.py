"""Where a push may go: over HTTPS to a public address, whatever a name says at another time.

A name is looked up once for each push, and the address that was looked at is the one that is connected to. Otherwise a
name could lead elsewhere a moment later (DNS rebinding), and whoever sets an endpoint could reach what this machine
reaches.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from groundwork.blocks.errors import GroundworkError, NonRetriable
from groundwork.blocks.settings import settings
from groundwork.tasks.fitness.settings import fitness_settings

LONGEST_URL = 2_000
"""Characters."""
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:.]{2,45}\]|[0-9a-fA-F:.]{2,45}")
_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address, which a gateway connects to."""


class EndpointRefused(NonRetriable):
    """The endpoint's URL may not be pushed to. Give one of the form https://host/path at a public address."""


class AddressRefused(GroundworkError):
    """The endpoint's name leads nowhere, or to an address that is not public. That may change, so it is tried again."""


@dataclass(frozen=True, slots=True)
class Address:
    """What to connect to, and as whom.

    Attributes:
        url: with the address in place of the name.
        host: what the header Host says.
        name: for which the certificate has to be.
    """

    url: httpx.URL
    host: str
    name: str


def checked_url(text: str) -> httpx.URL:
    """The URL of an endpoint.

    Raises:
        EndpointRefused: it is none that may be pushed to, and the message says why.
    """
    if len(text) > LONGEST_URL:
        raise EndpointRefused(f"the URL has {len(text):,} characters; {LONGEST_URL:,} at most")
    try:
        url = httpx.URL(text)
        name = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise EndpointRefused(f"{text[:100]!r} is no URL ({error}); write https://host/path") from None
    if url.scheme != "https" and not (url.scheme == "http" and private_allowed()):
        raise EndpointRefused(f"{url.scheme or 'no scheme'} is not encrypted; write https://host/path")
    if not _HOST.fullmatch(name) or not 0 < (url.port or 443) < 65_536:
        raise EndpointRefused(f"{text[:100]!r} has no host, or no port, that there can be; write https://host/path")
    if url.userinfo or url.fragment:
        raise EndpointRefused("the URL may have neither a user nor a part behind #; pushes are signed instead")
    if not private_allowed() and _is_closed(name):
        raise EndpointRefused(f"{name} is not a public address; give a host that everybody can reach")
    return url


def _is_closed(name: str) -> bool:
    """Whether a host is written as an address that is not public. Of a name, the next look-up tells."""
    try:
        return not _is_public(ip_address(name.strip("[]")))
    except ValueError:
        return name.rstrip(".").lower() == "localhost"


def address_of(url: httpx.URL) -> Address:
    """Look up where an endpoint is at this moment.

    Raises:
        AddressRefused: nobody knows the name, or an address of it is not public. The message does not say which one:
            who sets an endpoint would learn what names there are inside.
    """
    name = url.raw_host.decode("ascii").strip("[]")
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"the name {name} cannot be looked up: {error}") from None
    addresses = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if not private_allowed() and not all(map(_is_public, addresses)):
        raise AddressRefused(f"{name} is not at a public address")
    chosen = str(addresses[0])
    return Address(url.copy_with(host=chosen), url.netloc.decode("ascii"), name)


def private_allowed() -> bool:
    """Whether endpoints may be unencrypted and at private addresses: in development mode, if a setting says so."""
    return fitness_settings().push_private_addresses and not settings().in_production


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        within = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            within = IPv4Address(int(address) & 0xFFFFFFFF)
        if within is not None:
            return _is_public(within)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast
