"""Whether a key that anybody knows opens the gateway to a network."""

import ipaddress
import socket

from groundwork.blocks.ingest_keys import IngestKeys
from groundwork.blocks.settings import DEVELOPMENT_EVENT_KEY


def warning(host: str, keys: IngestKeys) -> str | None:
    """What to tell whoever starts a gateway that strangers can use; None where they cannot.

    Args:
        host: address or name that it listens on.
        keys: that it knows.
    """
    if not is_open_to_others(host) or keys.find(DEVELOPMENT_EVENT_KEY) is None:
        return None
    return known_key_warning(host)


def known_key_warning(host: str) -> str:
    """The text for a gateway that takes the development key from other machines."""
    return (
        f"ANYBODY WHO REACHES THIS MACHINE CAN SEND EVENTS: the gateway listens on {host}, and its key is "
        f"{DEVELOPMENT_EVENT_KEY!r}, which everybody knows. Set GROUNDWORK_EVENT_KEY to a key of your own "
        '(python -c "import secrets; print(secrets.token_urlsafe(32))"), or GROUNDWORK_HOST=127.0.0.1. '
        "GROUNDWORK_MODE=production refuses to start like this."
    )


def is_open_to_others(host: str) -> bool:
    """Whether other machines may reach what listens on an address or a name. A name that is not known here counts as
    open."""
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return True
    return not all(ipaddress.ip_address(each.partition("%")[0]).is_loopback for each in addresses)
