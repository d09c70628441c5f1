"""Redis: everything that Prefect's servers do with it."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from uuid import uuid4

from groundwork.blocks.settings import settings
from groundwork.deployments.doctor.finding import Finding
from groundwork.deployments.up.prefect_redis import URLS

AREA = "Redis"
_SECONDS = 5.0
_SCRIPT = "return redis.call('GET', KEYS[1])"


def look_at_redis() -> Iterator[Finding]:
    """What there is to say of it; nothing where it is not used."""
    given = settings().redis_url
    own = {name: url for name in URLS if (url := os.environ.get(name))}
    if given is None and not own:
        return
    if find_spec("prefect_redis") is None:
        yield Finding(AREA, "fails", "Prefect cannot use it here: pip install 'groundwork[redis]'.")
    if given is None and (missing := sorted(set(URLS) - own.keys())):
        yield Finding(
            AREA, "fails", f"{', '.join(missing)} lead nowhere: set GROUNDWORK_REDIS_URL, which sets all of them."
        )
    uses = {name: own.get(name) or (given.get_secret_value() if given else None) for name in URLS}
    for url in dict.fromkeys(url for url in uses.values() if url):
        named = "GROUNDWORK_REDIS_URL" if url not in own.values() else ", ".join(n for n, u in own.items() if u == url)
        yield _tried(named, url)


def _tried(named: str, url: str) -> Finding:
    import redis

    key = f"groundwork:doctor:{uuid4().hex}"
    try:
        with redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS) as client:
            version = client.info("server")["redis_version"]
            policy = client.info("memory").get("maxmemory_policy", "noeviction")
            try:
                # Messages are a stream, their order a sorted set, leases and queues scripts over keys that expire.
                client.set(key, "1", ex=60)
                client.eval(_SCRIPT, 1, key)
                client.zadd(f"{key}:order", {"one": 1.0})
                client.xadd(f"{key}:messages", {"one": "1"})
                client.xgroup_create(f"{key}:messages", "doctor", id="0")
            finally:
                client.delete(key, f"{key}:order", f"{key}:messages")
    except (redis.RedisError, ValueError, OSError) as error:
        said = str(error).rstrip(".")
        return Finding(
            AREA,
            "fails",
            f"what {named} names does not do as Prefect needs: {said}. Check the address, the user's rights.",
        )
    if policy != "noeviction":
        return Finding(
            AREA,
            "mind",
            f"Redis {version} throws keys away when it is full ({policy}), leases too: set maxmemory-policy noeviction",
        )
    return Finding(AREA, "ok", f"Redis {version} takes messages, order, leases and queues ({named})")
