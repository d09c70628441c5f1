"""Where Prefect's server shares Redis with others, everything that it would keep to itself goes there."""

import pytest

from groundwork.blocks.process_cache import forget
from groundwork.blocks.settings import settings
from groundwork.deployments.up.prefect_redis import URLS, redis_settings

URL = "redis://:secret@cache:6379/3"


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GROUNDWORK_REDIS_URL", URL)
    for each in URLS:
        monkeypatch.delenv(each, raising=False)
    forget()
    yield
    forget()


def test_each_use_is_led_to_it():
    given = redis_settings(settings())
    assert {given[each] for each in URLS} == {URL}
    modules = {value for name, value in given.items() if name not in URLS}
    assert modules == {
        "prefect_redis.messaging",
        "prefect_redis.ordering",
        "prefect_redis.lease_storage",
        "prefect_redis.cleanup_queue",
    }


def test_prefect_knows_every_setting_and_finds_every_module(monkeypatch: pytest.MonkeyPatch):
    """What Prefect calls otherwise one day would be left at its default, in silence."""
    from importlib import import_module

    from prefect.settings import Settings
    from prefect_redis.cleanup_queue import RedisWorkerCleanupQueueSettings
    from prefect_redis.client import RedisMessagingSettings

    for name, value in redis_settings(settings()).items():
        monkeypatch.setenv(name, value)
        if value.startswith("prefect_redis."):
            import_module(value)
    server = Settings().server
    assert server.events.messaging_broker == server.events.messaging_cache == "prefect_redis.messaging"
    assert server.events.causal_ordering == "prefect_redis.ordering"
    assert server.concurrency.lease_storage == "prefect_redis.lease_storage"
    assert server.worker_channel.cleanup_queue_storage == "prefect_redis.cleanup_queue"
    assert server.docket.url == RedisMessagingSettings().url == RedisWorkerCleanupQueueSettings().url == URL


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PREFECT_SERVER_DOCKET_URL", "redis://other:6379/0")
    assert "PREFECT_SERVER_DOCKET_URL" not in redis_settings(settings())
