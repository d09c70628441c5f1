"""Sources of webhooks: what CRMs tell of changes. docs/nurture-crm.md."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from groundwork.blocks.nurture.crm.settings import crm_settings
from groundwork.deployments.gateway.nurture.changes import AGENCIES
from groundwork.deployments.gateway.nurture.hubspot_changes import changes_of as hubspot_changes
from groundwork.events.webhooks import Delivery, Hmac, Incoming, LeftOut, Malformed, Proved, Source, Told, several

ANSWER_SECONDS = 4.0
"""How long a CRM waits for the database: HubSpot gives up after five. Too low: 503 during a checkpoint."""
CLOCKS_APART_SECONDS = 60.0
"""By how much a CRM's clock may be ahead of ours."""

_DECODED = re.compile("%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


def _hubspots(uri: str) -> str:
    """The URI that HubSpot called, with some percent-encoded characters decoded, as it signs it."""
    return _DECODED.sub(lambda found: bytes.fromhex(found[1]).decode(), uri)


HUBSPOT_PROOF = Hmac(
    header="x-hubspot-signature-v3",
    timestamp="x-hubspot-request-timestamp",
    per_second=1000,
    signed="{method}{uri}{body}{timestamp}",
    encoding="base64",
    ahead=CLOCKS_APART_SECONDS,
    uri=_hubspots,
)
"""HubSpot's signature, version 3 (developers.hubspot.com, "Validating requests")."""


@dataclass(frozen=True)
class ReapitProof:
    """Reapit's signature, by a key that it publishes. What needs cryptography is imported where it is asked for."""

    async def check(self, request: Incoming, secrets: Sequence[str], now: float) -> Proved:  # noqa: ARG002
        """Check signature and time.

        Raises:
            Unproved: they do not fit.
            Refusal: 503, Reapit could not be asked for the key.
        """
        from groundwork.deployments.gateway.nurture.reapit_keys import keys_at
        from groundwork.deployments.gateway.nurture.reapit_signature import Signature

        signature = Signature.of(request.header("x-signature"))
        at = signature.signed_at(now)
        signature.verify(await keys_at(crm_settings().reapit_url).key(signature.key_id), request.body)
        return Proved(at=at)


def _reapit_changes(delivery: Delivery) -> Iterator[Told | LeftOut | Malformed]:
    from groundwork.deployments.gateway.nurture.reapit_changes import changes_of

    return changes_of(delivery)


sources = (
    Source(
        name="hubspot",
        proof=HUBSPOT_PROOF,
        secrets=lambda: several(crm_settings().hubspot_client_secret),
        workspaces=AGENCIES,
        read=hubspot_changes,
        misfit="leave out",
        answer_seconds=ANSWER_SECONDS,
        cure="Check GROUNDWORK_HUBSPOT_CLIENT_SECRET, and that GROUNDWORK_PUBLIC_URL is the URL that HubSpot calls.",
    ),
    Source(
        name="reapit",
        proof=ReapitProof(),
        needs_secrets=False,
        is_on=lambda: crm_settings().reapit_webhooks,
        workspaces=AGENCIES,
        read=_reapit_changes,
        misfit="leave out",
        answer_seconds=ANSWER_SECONDS,
        cure="Check GROUNDWORK_REAPIT_URL.",
    ),
)
