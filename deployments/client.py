"""A sender in Python: signs events and asks what became of them, over the gateway's HTTP API."""

import json
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

import httpx
from standardwebhooks import Webhook

from blocks.errors import GroundworkError
from blocks.settings import settings
from blocks.uuid7 import uuid7
from events.base import Event
from events.inbox import EventStatus


class Refused(GroundworkError):
    """The gateway did not accept the request. The message says why, field by field."""


class GatewayClient:
    """Talks to one gateway with one key.

    Args:
        url: such as ``http://127.0.0.1:8700``.
        key: event key, sent as a bearer token.
        secret: Standard Webhooks secret (``whsec_…``); requests are signed if it is given.
    """

    def __init__(self, url: str, key: str, secret: str | None = None) -> None:
        self._http = httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=30.0)
        self._webhook = Webhook(secret) if secret else None

    @classmethod
    def configured(cls, url: str | None = None) -> Self:
        """A client as the settings say: event key, the first signing secret, host and port."""
        now = settings()
        secrets = now.signing_secret.get_secret_value().split(",") if now.signing_secret else [None]
        return cls(
            url or f"http://{now.host}:{now.port}",
            now.event_key.get_secret_value(),
            secrets[0].strip() if secrets[0] else None,
        )

    def send(self, event: Event, *, id: str | None = None) -> UUID:
        """Send a typed event.

        Args:
            id: idempotency key; a second event with it is answered with the first one's id.

        Raises:
            Refused: the gateway answered with an error.
            httpx.HTTPError: the gateway could not be reached.
        """
        return self.send_raw(event.event_name, event.wire(), id=id)

    def send_raw(self, name: str, data: dict[str, Any], *, id: str | None = None) -> UUID:
        """Send an event in its wire form; otherwise like :meth:`send`."""
        envelope = {"name": name, "data": data} | ({"id": id} if id else {})
        body = json.dumps(envelope)
        headers = {"content-type": "application/json"} | self._signature(body)
        answer = self._checked(self._http.post("/events", content=body, headers=headers))
        return UUID(answer["ids"][0])

    def status(self, event_id: UUID) -> EventStatus:
        """What became of an event.

        Raises:
            Refused: no such event, or not this key's to see.
            httpx.HTTPError: the gateway could not be reached.
        """
        return EventStatus.model_validate(self._checked(self._http.get(f"/events/{event_id}")))

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
        except ValueError:
            raise Refused(f"{response.status_code} from {response.url}, and it is not Groundwork's gateway") from None
        if response.is_success:
            return answer
        details = "".join(f"\n  {detail}" for detail in answer.get("details") or [])
        raise Refused(f"{response.status_code} {answer.get('error', 'error')}{details}")
