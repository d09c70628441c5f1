"""Sends events to a Groundwork gateway::

    from groundwork_client import Client

    client = Client("https://jobs.example.com", key="…", secret="whsec_…", outbox="events.sqlite")
    client.send("user/signed.up", {"workspaceId": "acme", "userId": "bob"})

Every event has an id before it is first sent, and keeps it: what is sent again is stored once.
"""

from .async_client import AsyncClient
from .client import Client
from .errors import GatewayAway, GroundworkClientError, NotAGateway, OutboxFull, Refused
from .event import Event, Flushed, Receipt

__all__ = [
    "AsyncClient",
    "Client",
    "Event",
    "Flushed",
    "GatewayAway",
    "GroundworkClientError",
    "NotAGateway",
    "OutboxFull",
    "Receipt",
    "Refused",
]
