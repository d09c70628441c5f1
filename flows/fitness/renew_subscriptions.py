"""The job ``renew-subscriptions`` of the fitness app: each night, Oura's webhooks are kept from expiring."""

from typing import Any

from groundwork.events.fitness.sync import SubscriptionsDue
from groundwork.flows.job import job
from groundwork.tasks.fitness.providers.subscriptions import keep_all, look_at_subscriptions, what_lacks


@job(on=SubscriptionsDue)
def renew_subscriptions(event: SubscriptionsDue) -> dict[str, Any]:  # noqa: ARG001 - they are those of the installation
    """Renew what ends within two weeks, and make what there is not."""
    if lacks := what_lacks():
        return {"skipped": lacks}
    return keep_all(look_at_subscriptions())
