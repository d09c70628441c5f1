"""Oura's subscriptions to webhooks: one per kind of event and of data, renewed before they expire, made where missing.

They belong to our application, not to a member. Oura says of each until when it holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from groundwork.blocks.settings import settings
from groundwork.tasks.fitness.providers.http import Gone, ask
from groundwork.tasks.fitness.providers.oura import Oura
from groundwork.tasks.fitness.settings import fitness_settings
from groundwork.tasks.step import step

EARLY = timedelta(days=14)
"""How long before its end a subscription is renewed. Too low: some days without Prefect's scheduler end it."""
_PATH = "/v2/webhook/subscription"
_EVENTS = ("create", "update", "delete")


@dataclass(frozen=True)
class Subscription:
    """What Oura sends us.

    Attributes:
        id: at Oura; None where it has to be made.
        due: it has to be renewed now.
    """

    event_type: str
    data_type: str
    id: str | None = None
    due: bool = False


def what_lacks() -> str | None:
    """Which setting Oura's webhooks lack, as a reason to do nothing; None where they can be subscribed to."""
    now = fitness_settings()
    needed = {
        "GROUNDWORK_OURA_CLIENT_ID": now.oura_client_id,
        "GROUNDWORK_OURA_CLIENT_SECRET": now.oura_client_secret,
        "GROUNDWORK_OURA_VERIFICATION_TOKEN": now.oura_verification_token,
        "GROUNDWORK_PUBLIC_URL": settings().public_url,
    }
    missing = [name for name, value in needed.items() if not value]
    return f"{', '.join(missing)} not set" if missing else None


@step(memoise=False, retries=8, first_delay=5.0, longest_delay=600.0)
def look_at_subscriptions(now: datetime | None = None) -> list[Subscription]:
    """The subscriptions that have to be made or renewed."""
    answer = ask("GET", f"{Oura.configured().url}{_PATH}", headers=_headers())
    found = answer.document.get("data")
    known = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return _to_do(known, now or datetime.now(UTC))


@step(retries=8, first_delay=5.0, longest_delay=600.0)
def keep_subscription(wanted: Subscription) -> str:
    """Renew a subscription, or make it where there is none any more. Returns which of the two was done."""
    if wanted.id is not None:
        try:
            ask("PUT", f"{Oura.configured().url}{_PATH}/renew/{quote(wanted.id, safe='')}", headers=_headers())
        except Gone:
            pass
        else:
            return "renewed"
    token = fitness_settings().oura_verification_token
    body = {
        "callback_url": _callback_url(),
        "verification_token": token.get_secret_value() if token else "",
        "event_type": wanted.event_type,
        "data_type": wanted.data_type,
    }
    ask("POST", f"{Oura.configured().url}{_PATH}", headers=_headers(), json=body)
    return "made"


def keep_all(wanted: Iterable[Subscription]) -> dict[str, int]:
    """Renew and make subscriptions. Gives how many of each."""
    done = [keep_subscription(each) for each in wanted]
    return {"renewed": done.count("renewed"), "made": done.count("made")}


def _to_do(known: list[dict[str, Any]], now: datetime) -> list[Subscription]:
    ours = {
        (str(each.get("event_type")), str(each.get("data_type"))): each
        for each in known
        if each.get("callback_url") == _callback_url()
    }
    found = []
    for data_type in Oura.metrics_of:
        for event_type in _EVENTS:
            each = ours.get((event_type, data_type))
            if each is None:
                found.append(Subscription(event_type, data_type))
            elif _ends_at(each) - now <= EARLY:
                found.append(Subscription(event_type, data_type, str(each.get("id")), due=True))
    return found


def _ends_at(subscription: dict[str, Any]) -> datetime:
    """When it ends; long ago, where nobody can read it, so that it is renewed."""
    try:
        moment = datetime.fromisoformat(str(subscription.get("expiration_time")))
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _callback_url() -> str:
    return f"{(settings().public_url or '').rstrip('/')}/fitness/hooks/oura"


def _headers() -> dict[str, str]:
    oura = Oura.configured()
    return {"x-client-id": oura.client_id, "x-client-secret": oura.client_secret}
