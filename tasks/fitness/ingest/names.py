"""Kinds of data by provider, as far as they hold readings: what the gateway and the jobs agree on."""

from groundwork.tasks.fitness.providers.garmin import KINDS as GARMIN_KINDS
from groundwork.tasks.fitness.providers.oura import Oura
from groundwork.tasks.fitness.providers.whoop import Whoop

METRICS_OF = {Oura.name: Oura.metrics_of, Whoop.name: Whoop.metrics_of}
"""Metrics by provider and kind of data, of the providers that are asked."""
DEREGISTRATION = "deregistration"
"""Kind of data that says that a member has disconnected at the provider."""
MOST_TOLD = 20
"""Refused readings that a result lists."""

__all__ = ["DEREGISTRATION", "GARMIN_KINDS", "METRICS_OF", "MOST_TOLD"]
