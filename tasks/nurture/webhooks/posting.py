"""One call of a webhook: a POST, of which nothing but the status and ``Retry-After`` is looked at."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from groundwork.blocks.errors import GroundworkError, NonRetriable, RetryAfter
from groundwork.blocks.own_loop import run_in_own_loop
from groundwork.tasks.nurture.webhooks.address import Address, HostNotFound, addresses_of, checked_url, port_of
from groundwork.tasks.nurture.webhooks.signing import signed_headers

MOST_ADDRESSES = 3
"""Addresses of a host that are tried, one after another, until one can be connected to."""
_CONNECT_SECONDS = 5.0
_GONE = 410
_BUSY = (429, 503)


class WebhookFailed(GroundworkError):
    """The receiver of a webhook could not be reached, or did not take the message. The step tries again by itself; no
    action is needed unless it lasts."""


@dataclass(frozen=True, kw_only=True, repr=False)
class WebhookMessage:
    """What is sent, to whom. It has no repr: the URL and the secrets are nobody's who reads logs.

    Attributes:
        secrets: ``whsec_…`` of the receiver.
        id: the same whenever the message is sent again.
    """

    url: str
    secrets: list[str]
    id: str
    payload: Mapping[str, Any]


def post(message: WebhookMessage, *, seconds: float, private: bool) -> int:
    """Send a message once.

    Args:
        seconds: longest time, all in all.
        private: whether http and private addresses are allowed, for a developer's own machine.

    Returns:
        The status, 200 to 299.

    Raises:
        NonRetriable: the URL may not be called, or the receiver says 410 Gone or redirects.
        RetryAfter: the receiver is busy, and may say until when.
        WebhookFailed: it is away, slow, or answers another status.
    """
    url = checked_url(message.url, private=private)
    response = run_in_own_loop(_sent_in_time(url, message, seconds=seconds, private=private))
    status = response.status_code
    if 200 <= status < 300:
        return status
    if 300 <= status < 400:
        raise NonRetriable(
            f"the webhook at {url.host} answered {status}, and redirects are not followed. Set webhook_url to where it "
            "leads, then replay."
        )
    if status == _GONE:
        raise NonRetriable(f"the webhook at {url.host} answered 410 Gone. Set webhook_url anew or to NULL.")
    if status in _BUSY:
        raise RetryAfter.of(response, f"the webhook at {url.host} answered {status}")
    raise WebhookFailed(f"the webhook at {url.host} answered {status}")


async def _sent_in_time(url: httpx.URL, message: WebhookMessage, *, seconds: float, private: bool) -> httpx.Response:
    try:
        # Timeouts of httpx are for each read, and a receiver may dribble.
        async with asyncio.timeout(seconds):
            addresses = await addresses_of(url, private=private)
            return await _sent(url, addresses[:MOST_ADDRESSES], message)
    except TimeoutError:
        raise WebhookFailed(f"the webhook at {url.host} has not answered within {seconds:g} s") from None
    except HostNotFound as error:
        raise WebhookFailed(f"the webhook cannot be reached: {error}") from None
    except (httpx.TransportError, OSError) as error:
        raise WebhookFailed(f"the webhook at {url.host} cannot be reached: {type(error).__name__}: {error}") from None


async def _sent(url: httpx.URL, addresses: list[Address], message: WebhookMessage) -> httpx.Response:
    # The transport and not a client: a client follows proxies of the environment, and logs the URL.
    async with httpx.AsyncHTTPTransport(verify=ssl.create_default_context(), trust_env=False) as transport:
        for number, address in enumerate(addresses, 1):
            try:
                response = await transport.handle_async_request(_request(url, address, message))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if number == len(addresses):
                    raise
                continue
            await response.aclose()
            return response
    raise HostNotFound(f"{url.host} has no address")


def _request(url: httpx.URL, address: Address, message: WebhookMessage) -> httpx.Request:
    """The request to one address of the host, whose certificate still has to be the host's."""
    body = json.dumps(message.payload, ensure_ascii=False, separators=(",", ":"))
    at = datetime.now(UTC)
    headers = {
        "Host": url.netloc.decode(),
        "Content-Type": "application/json",
        "User-Agent": "groundwork-webhooks",
        **signed_headers(message.secrets, message.id, at, body),
    }
    return httpx.Request(
        "POST",
        url.copy_with(host=str(address), port=port_of(url)),
        headers=headers,
        content=body.encode(),
        extensions={
            "sni_hostname": url.raw_host.decode(),
            "timeout": {"connect": _CONNECT_SECONDS, "read": None, "write": None, "pool": None},
        },
    )
