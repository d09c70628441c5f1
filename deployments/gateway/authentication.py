"""Who sends: the Bearer key, and the Standard Webhooks signature of the body.

An attacker is not told which part of a proof was wrong.
"""

import ipaddress
import time
from urllib.parse import urlsplit

from fastapi import Request

from groundwork.blocks.ingest_keys import IngestKey, IngestKeys
from groundwork.blocks.settings import DEVELOPMENT_EVENT_KEY, settings
from groundwork.deployments.gateway.refusal import Refusal
from groundwork.events.webhooks import Incoming, StandardWebhooks, Unproved

_STANDARD = StandardWebhooks()
_NO_KEY = "NO_EVENT_KEY_SET"


class Authentication:
    """Proves senders against the configured keys.

    Args:
        keys: checked already (:meth:`IngestKeys.check`).

    Attributes:
        keys: those that it knows.
    """

    def __init__(self, keys: IngestKeys) -> None:
        self.keys = keys
        self._secrets = {entry.name: entry.secret_bytes() for entry in keys.entries}

    def sender(self, request: Request) -> IngestKey:
        """The sender whose Bearer key the request carries.

        Raises:
            Refusal: 401; 403 where a web page uses the key that anybody knows.
        """
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        entry = self.keys.find(key.strip()) if scheme.lower() == "bearer" else None
        if entry is None or entry.in_path:
            raise Refusal(
                401,
                "Send the header Authorization: Bearer <event key>, with a key that this gateway knows.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        _refuse_pages(entry, request)
        return entry

    def sender_in_path(self, request: Request, key: str) -> IngestKey:
        """The sender whose key stands in the path, as Inngest's clients send it.

        Args:
            key: of the path, unquoted. Without one, such a client in development mode says ``NO_EVENT_KEY_SET``.

        Raises:
            Refusal: 401; 403 where a web page uses the key that anybody knows.
        """
        entry = self.keys.find(DEVELOPMENT_EVENT_KEY if key == _NO_KEY else key)
        if entry is None:
            raise Refusal(401, "Event key not found: set INNGEST_EVENT_KEY to a key that this gateway knows.")
        if not entry.in_path and (entry.signing_secrets or settings().in_production):
            raise Refusal(
                401,
                "This event key is not for paths, where nothing is signed: use that of GROUNDWORK_INNGEST_KEY, or one "
                "of the block ingest-keys with in_path.",
            )
        _refuse_pages(entry, request)
        return entry

    def verify(self, sender: IngestKey, request: Request, body: bytes) -> str | None:
        """Verify the signature, where the sender's key has signing secrets.

        Args:
            body: as received; a body that was parsed and written again has another signature.

        Returns:
            The webhook-id, which stays the same when the sender repeats the request.

        Raises:
            Refusal: 401.
        """
        incoming = Incoming(request.method, "", request.headers, body)
        try:
            if secrets := self._secrets[sender.name]:
                return _STANDARD.check_keys(incoming, secrets, time.time()).id
            return _STANDARD.id_of(incoming) if "webhook-id" in request.headers else None
        except Unproved:
            raise Refusal(
                401,
                "Sign the request by Standard Webhooks: webhook-id (without a dot), webhook-timestamp (seconds, now), "
                "webhook-signature (v1, over the bytes that are sent).",
            ) from None


def _refuse_pages(entry: IngestKey, request: Request) -> None:
    if entry.key.get_secret_value() == DEVELOPMENT_EVENT_KEY and _may_be_a_page(request):
        raise Refusal(
            403,
            "The development key is not for web pages, nor under another name than localhost. "
            "Set GROUNDWORK_EVENT_KEY.",
        )


def _may_be_a_page(request: Request) -> bool:
    """Whether a page in somebody's browser may have sent the request, by a name that was rebound to this machine.

    Such a page needs no permission to send the Authorization header. Browsers name its origin unless they read.
    """
    if "origin" in request.headers:
        return True
    host = _host_of(request)
    now = settings()
    own = {"localhost", now.host, urlsplit(now.public_url or "").hostname}
    return request.method == "GET" and host not in own and not _is_address(host)


def _host_of(request: Request) -> str:
    """The name under which the request reached the gateway; empty where the header holds none."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:  # such as of an IPv6 address that does not end
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
