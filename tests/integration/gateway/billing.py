"""An application whose events come from providers: what a team writes to take webhooks."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field, SecretStr, TypeAdapter, ValidationError
from sqlalchemy import Connection, text

from groundwork.blocks.applications import Application
from groundwork.blocks.at_path import at_path
from groundwork.blocks.database import database
from groundwork.blocks.environment import EnvironmentSettings, read_settings
from groundwork.blocks.process_cache import process_cache
from groundwork.events.base import Event
from groundwork.events.webhooks import (
    ByAccount,
    Challenge,
    Delivery,
    Hmac,
    InTheMessage,
    Malformed,
    Mapped,
    OneWorkspace,
    Source,
    StandardWebhooks,
    Stripe,
    To,
    Told,
    github,
    several,
    slack,
)


class InvoicePaid(Event, name="billing/invoice.paid"):
    """A customer has paid."""

    invoice_id: str = Field(max_length=100)
    cents: int = Field(ge=0)
    note: str | None = None


class AnythingSaid(Event, name="billing/anything.said"):
    """Whatever a provider says."""

    said: dict[str, Any]


class IssueOpened(Event, name="billing/issue.opened"):
    """Somebody has opened an issue."""

    number: int
    title: str = Field(max_length=300)


class UserCreated(Event, name="billing/user.created"):
    """A person has signed up at the provider of identities."""

    person: str
    at: datetime | None = None


class BillingSettings(EnvironmentSettings):
    """Secrets of providers."""

    billing_stripe_secret: SecretStr | None = Field(None, description="Of Stripe's endpoint.")
    billing_github_secret: SecretStr | None = Field(None, description="Of the GitHub app.")
    billing_clerk_secret: SecretStr | None = Field(None, description="Of Clerk's endpoint.")
    billing_plain_secret: SecretStr | None = Field(None, description="Of a provider with a plain HMAC.")


@process_cache
def billing_settings() -> BillingSettings:
    return read_settings(BillingSettings)


def _installations(connection: Connection, accounts: Collection[str]) -> Mapping[str, Collection[str]]:
    """GitHub's installation 7 is acme's; 8 is of two workspaces."""
    known = {"7": ("acme",), "8": ("acme", "globex")}
    return {each: known[each] for each in accounts if each in known}


def _kept_secrets() -> list[str]:
    """Of a table, as an application keeps them that lets people set them."""
    with database().transaction() as connection:
        return list(connection.execute(text("SELECT secret FROM billing_secret ORDER BY secret")).scalars())


class _Invoice(BaseModel):
    id: str
    cents: Any


def _batch(delivery: Delivery) -> list[Told]:
    try:
        invoices = TypeAdapter(list[_Invoice]).validate_python(delivery.value)
    except ValidationError as error:
        raise Malformed.of(error) from None
    return [
        Told(
            event=InvoicePaid,
            values={"invoice_id": each.id, "cents": each.cents},
            account="",
            identity=(each.id,),
        )
        for each in invoices
    ]


sources = (
    Source(
        name="stripe",
        proof=Stripe(),
        secrets=lambda: several(billing_settings().billing_stripe_secret),
        workspaces=InTheMessage(),
        read=Mapped(
            kind="type",
            id="id",
            at="created",
            account="data.object.metadata.workspaceId",
            events={
                "invoice.paid": To(
                    InvoicePaid,
                    invoice_id="data.object.id",
                    cents="data.object.amount_paid",
                    note=lambda body: at_path(body, "data.object.description"),
                )
            },
        ),
        cure="Check GROUNDWORK_BILLING_STRIPE_SECRET.",
    ),
    Source(
        name="github",
        proof=github(),
        secrets=lambda: several(billing_settings().billing_github_secret),
        workspaces=ByAccount(_installations),
        largest_body=25 * 1024 * 1024,
        read=Mapped(
            kind="header:x-github-event",
            account="installation.id",
            events={"issues": To(IssueOpened, number="issue.number", title="issue.title")},
            expected=frozenset({"ping"}),
        ),
    ),
    Source(
        name="clerk",
        proof=StandardWebhooks(headers="svix"),
        secrets=lambda: several(billing_settings().billing_clerk_secret),
        workspaces=OneWorkspace("acme"),
        read=Mapped(kind="type", events={"user.created": To(UserCreated, person="data.id", at="data.created_at")}),
    ),
    Source(
        name="plain",
        proof=Hmac(header="x-signature"),
        secrets=lambda: several(billing_settings().billing_plain_secret),
        workspaces=OneWorkspace("acme"),
        misfit="leave out",
        handshake=Challenge(tokens=lambda: ["verify-me"], mode=(("hub.mode", "subscribe"),)),
        read=_batch,
    ),
    Source(
        name="slack",
        proof=slack(),
        secrets=lambda: ["8f742231b10e8888abcd99yyyzzz85a5"],
        workspaces=OneWorkspace("acme"),
        replies={"url_verification": lambda body: {"challenge": str(body["challenge"])[:100]}},
        read=Mapped(kind="type", events={}),
    ),
    Source(
        name="vault",
        proof=Hmac(header="x-signature"),
        secrets=_kept_secrets,
        workspaces=OneWorkspace("acme"),
        read=Mapped(kind="type", events={"said": To(AnythingSaid, said="said")}),
    ),
)

application = Application(
    name="billing",
    settings=f"{__name__}:BillingSettings",
    hooks=f"{__name__}:sources",
)


def encoded(value: object) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()
