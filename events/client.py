"""A sender in Python: signs events and asks what became of them, over the gateway's HTTP API."""

import json
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

import httpx
from pydantic import ValidationError
from standardwebhooks import Webhook

from groundwork.blocks.errors import ConfigurationError, GroundworkError, NonRetriable
from groundwork.blocks.settings import settings
from groundwork.blocks.uuid7 import uuid7
from groundwork.events.base import Event
from groundwork.events.inbox import EventStatus


class Refused(GroundworkError):
    """The gateway did not accept the request. The message says why, field by field."""


class EventRefused(Refused, NonRetriable):
    """The gateway cannot take the event, now or later. The message says why, field by field. Mend it and send again."""

    exit_code = 2


class NotFound(Refused):
    """The gateway knows no such event. Check the id, and whether the key may see its workspace."""

    exit_code = 1


class GatewayClient:
    """Talks to one gateway with one key.

    Args:
        url: such as ``http://127.0.0.1:8700``.
        key: event key, sent as a bearer token.
        secret: Standard Webhooks secret (``whsec_…``); requests are signed if it is given.
    """

    def __init__(self, url: str, key: str, secret: str | None = None) -> None:
        self._http = httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=30.0)
        self._webhook = _webhook(secret) if secret else None

    @classmethod
    def configured(cls, url: str | None = None) -> Self:
        """A client as the settings say: event key, the first signing secret, and the URL or else host and port.

        Args:
            url: of the gateway, whatever the settings say.
        """
        now = settings()
        secrets = now.signing_secret.get_secret_value().split(",") if now.signing_secret else [None]
        return cls(
            url or now.gateway_url or f"http://{now.host}:{now.port}",
            now.event_key.get_secret_value(),
            secrets[0].strip() if secrets[0] else None,
        )

    def send(self, event: Event, *, id: str | None = None) -> UUID:
        """Send a typed event.

        Args:
            id: idempotency key; a second event with it is answered with the first one's id.

        Raises:
            EventRefused: the event is wrong, and will stay so.
            Refused: the gateway answered with another error.
            httpx.HTTPError: the gateway could not be reached.
        """
        return self.send_raw(event.event_name, event.wire(), id=id)

    def send_raw(self, name: str, data: dict[str, Any], *, id: str | None = None) -> UUID:
        """Send an event in its wire form; otherwise like :meth:`send`."""
        envelope = {"name": name, "data": data} | ({} if id is None else {"id": id})
        body = json.dumps(envelope)
        headers = {"content-type": "application/json"} | self._signature(body)
        response = self._http.post("/events", content=body, headers=headers)
        answer = self._checked(response)
        try:
            return UUID(answer["ids"][0])
        except (KeyError, IndexError, TypeError, ValueError):
            raise _no_gateway(response) from None

    def status(self, event_id: UUID) -> EventStatus:
        """What became of an event.

        Raises:
            NotFound: no such event, or not this key's to see.
            Refused: the gateway answered with another error.
            httpx.HTTPError: the gateway could not be reached.
        """
        response = self._http.get(f"/events/{event_id}")
        try:
            return EventStatus.model_validate(self._checked(response))
        except ValidationError:
            raise _no_gateway(response) from None

    def _signature(self, body: str) -> dict[str, str]:
        if self._webhook is None:
            return {}
        message_id, now = f"msg_{uuid7().hex}", datetime.now(UTC)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(message_id, now, body),
        }

    @staticmethod
    def _checked(response: httpx.Response) -> Any:
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict) or not (response.is_success or "error" in answer):
            raise _no_gateway(response)
        if response.is_success:
            return answer
        told = "".join([f"{response.status_code} {answer['error']}", *map(_told, answer.get("details") or [])])
        if response.status_code == 401:
            told += (
                " This command sends GROUNDWORK_EVENT_KEY, and signs with GROUNDWORK_SIGNING_SECRET where it is set: "
                "give both the values that the gateway was started with."
            )
        raise _ERRORS.get(response.status_code, Refused)(told)


_ERRORS: dict[int, type[Refused]] = {404: NotFound} | dict.fromkeys((400, 413, 415, 422), EventRefused)


def _no_gateway(response: httpx.Response) -> Refused:
    return Refused(f"{response.status_code} from {response.url}, and it is not Groundwork's gateway")


def _told(fault: dict[str, str]) -> str:
    """A line for one fault of an event: ``field: reason. cure``."""
    field = fault.get("pointer", "").removeprefix("/data/").lstrip("/").replace("/", ".")
    reason, cure = fault.get("reason", ""), fault.get("cure", "")
    stop = "" if reason.endswith((".", "?", "!")) else "."
    return f"\n  {field or 'the event'}: {reason}{stop} {cure}".rstrip()


def _webhook(secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except Exception:  # of base64, or one of the library's own, which have no base in common
        raise ConfigurationError(
            "GROUNDWORK_SIGNING_SECRET is not of the form whsec_…, with base64 behind the underscore"
        ) from None
