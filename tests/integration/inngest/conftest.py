"""The gateway over a real socket, as clients of Inngest see it."""

from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pytest
from pydantic import SecretStr

from groundwork.blocks.ingest_keys import IngestKey, IngestKeys
from groundwork.deployments.gateway.app import create_app
from groundwork.events import base
from tests.integration.gateway.conftest import SECRET, serving

KEY = "key-of_Inngest-clients"
ACME_KEY = "key-of-acme"
GLOBEX_KEY = "key-of-globex-alone"
ORGANIZATIONS_KEY = "key-of-organizations"
SIGNED_KEY = "key-that-signs"
BEARER_KEY = "key-for-headers"


def ingest_keys() -> IngestKeys:
    return IngestKeys(
        entries=[
            IngestKey(name="moving", key=SecretStr(KEY), in_path=True),
            IngestKey(name="acme", key=SecretStr(ACME_KEY), in_path=True, workspaces=["acme"], events=["app/*"]),
            IngestKey(
                name="globex", key=SecretStr(GLOBEX_KEY), in_path=True, workspaces=["globex"], workspace_from="key"
            ),
            IngestKey(
                name="organizations",
                key=SecretStr(ORGANIZATIONS_KEY),
                in_path=True,
                workspace_from="data.organization.id",
            ),
            IngestKey(name="provider", key=SecretStr(SIGNED_KEY), signing_secrets=[SecretStr(SECRET)]),
            IngestKey(name="application", key=SecretStr(BEARER_KEY)),
        ]
    )


@pytest.fixture(scope="package")
def types() -> Iterator[SimpleNamespace]:
    """Event types as those who move in have them, for these tests alone."""
    before = dict(base._registry), dict(base._aliases)

    class UserCreated(base.Event, name="app/user.created"):
        email: str
        plan: str | None = None

    class OrderPlaced(base.Event, name="shop/order.placed", alias=("ORDER_PLACED", "orderPlaced", "Order Placed!")):
        order_id: str

    class LeadScored(base.Event, name="crm/lead.scored", alias="lead_scored", workspace_from="data.orgId"):
        score: int

    class Calculated(base.Event, name="shop/tenant.calculated", workspace_from="user.tenant"):
        organization: dict[str, str] | None = None

    yield SimpleNamespace(UserCreated=UserCreated, OrderPlaced=OrderPlaced, LeadScored=LeadScored)
    for registry, entries in zip((base._registry, base._aliases), before, strict=True):
        registry.clear()
        registry.update(entries)


@pytest.fixture(scope="package")
def gateway_url(postgres: object, types: object) -> Iterator[str]:
    with serving(create_app(ingest_keys())) as url:
        yield url


@pytest.fixture
def client(gateway_url: str, db: object) -> Iterator[httpx.Client]:
    """Plain HTTP, and an empty inbox."""
    with httpx.Client(base_url=gateway_url, timeout=30) as client:
        yield client
