"""One try to push a message: a signed request, of whose answer the status alone is read."""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime

import certifi
import httpx
from standardwebhooks import Webhook

from groundwork.blocks.errors import GroundworkError, RetryAfter
from groundwork.blocks.own_loop import run_in_own_loop
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.retry_after import seconds_of_headers
from groundwork.tasks.fitness.pushes.address import Address, AddressRefused, EndpointRefused, address_of, checked_url

DEADLINE = 20.0
"""Seconds for all of a try. One that answers a byte at a time is silent for none of the seconds that a client waits."""
_SILENCE = httpx.Timeout(10.0, connect=5.0)
"""Seconds."""
LONGEST_REQUESTED_WAIT = 3_600.0
"""Seconds of a Retry-After that are heeded."""
_GONE = 410


class PushFailed(GroundworkError):
    """The endpoint did not take a push. It is tried again by itself.

    Attributes:
        gone: it says that it will take none any more (410, as Standard Webhooks has it).
    """

    def __init__(self, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.gone = gone


@dataclass(frozen=True, slots=True)
class Message:
    """What is pushed.

    Attributes:
        id: the same at each try, by which receivers know a repeat.
        body: JSON.
    """

    id: str
    body: bytes


def post(url: str, secret: str, message: Message) -> int:
    """Push a message once, signed as Standard Webhooks says.

    No redirect is followed, no proxy of the environment is used, and nothing of the answer is read but its status.

    Returns:
        The status, 200 to 299.

    Raises:
        PushFailed: any other status, or none; or it is at an address that may not be reached.
        RetryAfter: the endpoint says when to come again; of a longer time, an hour is heeded.
    """
    try:
        address = address_of(checked_url(url))
        return run_in_own_loop(_send(address, _headers(address, secret, message), message.body))
    except (AddressRefused, EndpointRefused) as error:
        raise PushFailed(str(error)) from None
    except TimeoutError:
        raise PushFailed(f"it has not answered within {DEADLINE:.0f} s") from None
    except httpx.HTTPError as error:
        raise PushFailed(f"it cannot be reached: {type(error).__name__}: {error}"[:300]) from None


def _headers(address: Address, secret: str, message: Message) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "host": address.host,
        "content-type": "application/json",
        "user-agent": "Groundwork",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message.id, now, message.body.decode()),
    }


async def _send(address: Address, headers: dict[str, str], body: bytes) -> int:
    async with (
        asyncio.timeout(DEADLINE),
        httpx.AsyncClient(verify=_tls(), trust_env=False, timeout=_SILENCE, follow_redirects=False) as client,
        client.stream(
            "POST", address.url, content=body, headers=headers, extensions={"sni_hostname": address.name}
        ) as response,
    ):
        return _checked(response)


def _checked(response: httpx.Response) -> int:
    if response.is_success:
        return response.status_code
    told = f"it answered {response.status_code}"
    if response.status_code in (429, 503) and (seconds := seconds_of_headers(response.headers)):
        raise RetryAfter(told, min(seconds, LONGEST_REQUESTED_WAIT))
    raise PushFailed(told, gone=response.status_code == _GONE)


@process_cache
def _tls() -> ssl.SSLContext:
    """The authorities that the machine trusts, and those of the package certifi, where the machine has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
