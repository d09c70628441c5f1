"""Sources of webhooks: providers of wearables. They only tell that there is something; a job does the rest.

Oura and WHOOP sign the raw body, Garmin has a secret in its path. docs/fitness-readings.md.
"""

from collections.abc import Collection, Mapping
from functools import partial

from sqlalchemy import Connection

from groundwork.deployments.gateway.fitness.messages import garmin_messages, oura_messages, whoop_messages
from groundwork.deployments.gateway.fitness.proof import GarminPath, garmin_secrets
from groundwork.events.webhooks import ByAccount, Challenge, Hmac, Source, several
from groundwork.tasks.fitness.connections.record import connections_of_users_anywhere
from groundwork.tasks.fitness.providers.oura import Oura
from groundwork.tasks.fitness.providers.whoop import Whoop
from groundwork.tasks.fitness.settings import fitness_settings

OURA_PROOF = Hmac(header="x-oura-signature", timestamp="x-oura-timestamp", signed="{timestamp}{body}")
"""Oura's signature (cloud.ouraring.com/v2/docs, "Webhook Subscription Routes"): in upper-case hex."""
WHOOP_PROOF = Hmac(
    header="x-whoop-signature",
    timestamp="x-whoop-signature-timestamp",
    per_second=1000,
    signed="{timestamp}{body}",
    encoding="base64",
)
"""WHOOP's signature (developer.whoop.com, "Webhooks")."""


def _gyms(provider: str, connection: Connection, users: Collection[str]) -> Mapping[str, Collection[str]]:
    """The workspaces in which a provider's people are connected; one may be in several."""
    found: dict[str, set[str]] = {}
    for linked in connections_of_users_anywhere(connection, provider, users):
        found.setdefault(linked.provider_user, set()).add(linked.workspace_id)
    return found


def _source(name: str, **parts: object) -> Source:
    """A source of a provider of wearables. Each takes 200 for stored, Garmin nothing else."""
    people = ByAccount(partial(_gyms, name))
    return Source(name=name, workspaces=people, status=200, misfit="leave out", **parts)  # type: ignore[arg-type]


sources = (
    _source(
        "oura",
        proof=OURA_PROOF,
        secrets=lambda: Oura.credentials(fitness_settings())[1],
        read=oura_messages,
        handshake=Challenge(
            tokens=lambda: several(fitness_settings().oura_verification_token),
            token="verification_token",  # noqa: S106 - the name of a field
            challenge="challenge",
            answer="challenge",
        ),
        cure="Check GROUNDWORK_OURA_CLIENT_SECRET.",
    ),
    _source(
        "whoop",
        proof=WHOOP_PROOF,
        secrets=lambda: Whoop.credentials(fitness_settings())[1],
        read=whoop_messages,
        cure="Check GROUNDWORK_WHOOP_CLIENT_SECRET.",
    ),
    _source(
        "garmin",
        proof=GarminPath(),
        secret_in_path=True,
        secrets=garmin_secrets,
        read=garmin_messages,
        # A push has the series of a day, which are not stored.
        most_values=None,
        cure="Check GROUNDWORK_GARMIN_HOOK_SECRET and GROUNDWORK_GARMIN_ADDRESSES.",
    ),
)
