"""A sender that does what the gateway's documentation asks of one: the same ids again until there is a 202."""

import threading
import time
from collections.abc import Sequence

import httpx

from groundwork.blocks.settings import DEVELOPMENT_EVENT_KEY
from tests.chaos.storm.load import Request

_PAUSE_SECONDS = 0.2
_TIMEOUT_SECONDS = 5.0


class Sender(threading.Thread):
    """Sends the requests of one workspace, one after the other.

    Args:
        url: of the gateway.
        requests: in the order in which they are to be accepted.

    Attributes:
        accepted: event id by the id that it was sent with, for every 202.
        resent: requests sent again.
        refused: an answer that no resending can mend; the sender has stopped there.
    """

    def __init__(self, url: str, requests: Sequence[Request]) -> None:
        super().__init__(name="sender", daemon=True)
        self.accepted: dict[str, str] = {}
        self.resent = 0
        self.refused: str | None = None
        self._url = url
        self._requests = requests
        self._halted = threading.Event()

    def stop(self) -> None:
        """Stop sending, whatever is left."""
        self._halted.set()

    def run(self) -> None:
        """Send each request at its time."""
        began = time.monotonic()
        headers = {"authorization": f"Bearer {DEVELOPMENT_EVENT_KEY}"}
        with httpx.Client(headers=headers, timeout=_TIMEOUT_SECONDS) as client:
            for request in self._requests:
                self._halted.wait(max(began + request.at - time.monotonic(), 0.0))
                while not self._halted.is_set() and not self._sent(client, request):
                    self.resent += 1
                    self._halted.wait(_PAUSE_SECONDS)

    def _sent(self, client: httpx.Client, request: Request) -> bool:
        try:
            response = client.post(f"{self._url}/events", json=request.events)
        except httpx.TransportError:
            return False
        if response.status_code == 202:
            sent = [str(event["id"]) for event in request.events]
            self.accepted |= dict(zip(sent, response.json()["ids"], strict=True))
            return True
        if response.status_code < 500 and response.status_code != 429:
            self.refused = f"{response.status_code} {response.text[:500]}"
            self._halted.set()
        return False
