"""Redis, which several servers of Prefect and their services share: messages, their order, leases, and what is due."""

import os
from collections.abc import Mapping
from importlib.util import find_spec

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.settings import Settings

_MODULES: Mapping[str, str] = {
    "PREFECT_SERVER_EVENTS_MESSAGING_BROKER": "prefect_redis.messaging",
    "PREFECT_SERVER_EVENTS_MESSAGING_CACHE": "prefect_redis.messaging",
    "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
    "PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE": "prefect_redis.cleanup_queue",
}
URLS = ("PREFECT_REDIS_MESSAGING_URL", "PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL", "PREFECT_SERVER_DOCKET_URL")
"""Prefect's settings of where it is, each with a default of its own: one that is left out leads to localhost, or to the
memory of one process."""


def redis_settings(settings: Settings) -> dict[str, str]:
    """The settings of a server that shares Redis with others; none where it has none. The environment wins.

    Raises:
        ConfigurationError: the package that Prefect needs for it is not installed.
    """
    if settings.redis_url is None:
        return {}
    if find_spec("prefect_redis") is None:
        raise ConfigurationError(
            "GROUNDWORK_REDIS_URL is set, and Prefect cannot use Redis here: pip install 'groundwork[redis]'"
        )
    url = settings.redis_url.get_secret_value()
    given = {**_MODULES, **dict.fromkeys(URLS, url)}
    return {name: value for name, value in given.items() if not os.environ.get(name)}
