"""All looks, in the order in which one needs the other."""

from collections.abc import Iterator

from groundwork.blocks.all_settings import check_settings, misspelt
from groundwork.deployments.doctor.database import AREA as DATABASE
from groundwork.deployments.doctor.database import look_at_database
from groundwork.deployments.doctor.finding import Finding, Look, guarded
from groundwork.deployments.doctor.prefect_api import AREA as PREFECT
from groundwork.deployments.doctor.prefect_api import (
    DEPLOYMENTS,
    WORKERS,
    look_at_deployments,
    look_at_prefect,
    look_at_workers,
)
from groundwork.deployments.doctor.redis_uses import AREA as REDIS
from groundwork.deployments.doctor.redis_uses import look_at_redis
from groundwork.deployments.doctor.storage import KEYS, STORE, look_at_keys, look_at_storage

SETTINGS = "settings"


def findings() -> Iterator[Finding]:
    """What an installation is like, as this process is configured. Each comes as soon as it is known."""
    yield from guarded(SETTINGS, _look_at_settings)
    yield from guarded(DATABASE, look_at_database)
    yield from guarded(REDIS, look_at_redis)
    reached = True
    for each in guarded(PREFECT, look_at_prefect):
        reached = reached and each.verdict != "fails"
        yield each
    looks: list[tuple[str, Look]] = [(STORE, look_at_storage), (KEYS, look_at_keys)]
    if reached:
        looks = [(WORKERS, look_at_workers), (DEPLOYMENTS, look_at_deployments), *looks]
    for area, look in looks:
        yield from guarded(area, look)


def _look_at_settings() -> Iterator[Finding]:
    check_settings()
    warnings = list(misspelt())
    yield from (Finding(SETTINGS, "mind", each) for each in warnings)
    if not warnings:
        yield Finding(SETTINGS, "ok", "each can be")
