"""Where a webhook may go: to the public network only, since an agency chooses the address and our workers call it."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from groundwork.blocks.errors import NonRetriable

LONGEST_URL = 2048
"""Characters."""
_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


class HostNotFound(Exception):
    """A name has no address now. It may have one later."""


def checked_url(text: str, *, private: bool) -> httpx.URL:
    """The URL of a webhook.

    Args:
        private: whether http and private addresses are allowed.

    Raises:
        NonRetriable: it is none that is called; the message says what to change, and repeats no part of it but the
            scheme, since URLs may hold secrets.
    """
    cure = "Correct nurture.agency.webhook_url, then replay."
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError, ValueError, UnicodeError):
        raise NonRetriable(f"webhook_url is no URL. {cure}") from None
    schemes = ("https", "http") if private else ("https",)
    if url.scheme not in schemes:
        raise NonRetriable(f"webhook_url begins with {url.scheme[:20]!r}; https:// is wanted. {cure}")
    if len(text) > LONGEST_URL or not url.host or url.userinfo or not 0 < port_of(url) < 65_536:
        raise NonRetriable(
            f"webhook_url has no host, a user, a port that is none, or more than {LONGEST_URL:,} characters. {cure}"
        )
    return url.copy_with(fragment=None)


async def addresses_of(url: httpx.URL, *, private: bool) -> list[Address]:
    """The addresses of a URL's host. Whoever calls it calls one of these, and does not look the name up again: a second
    answer may be another one.

    Args:
        private: whether private addresses are allowed.

    Raises:
        NonRetriable: one of them is not public.
        HostNotFound: there are none.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(url.host, port_of(url), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HostNotFound(f"{url.host} has no address: {error}") from None
    # An IPv6 address of a link has its zone behind a percent sign.
    addresses = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if not private and not all(map(is_public, addresses)):
        raise NonRetriable(
            f"webhook_url leads to {url.host}, which has an address that is not public. Set a public one, then replay. "
            "For a developer's machine there is GROUNDWORK_WEBHOOK_PRIVATE."
        )
    return list(dict.fromkeys(addresses))


def port_of(url: httpx.URL) -> int:
    """The port that a URL says, or its scheme's."""
    return url.port if url.port is not None else 443 if url.scheme == "https" else 80


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet; of an IPv6 address that leads to an IPv4 one, whether that
    is."""
    if (inner := _embedded(address)) is not None:
        return is_public(inner)
    of_a_site = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or of_a_site)


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to by way of a gateway."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
