"""Prefect: its API, its server's settings, the work pool, and the deployments against the jobs."""

from collections.abc import Iterator
from typing import Any

import httpx
import prefect
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import WorkerStatus, WorkPool
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY, PREFECT_API_URL

from groundwork.blocks.database import database
from groundwork.blocks.prefect_client import one_try_per_request, pages, prefect_client
from groundwork.blocks.settings import settings
from groundwork.blocks.words import counted
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.clocks import difference, prefect_clock
from groundwork.deployments.doctor.finding import Finding
from groundwork.deployments.relay.wiring import Effect, faults
from groundwork.deployments.up.sign_in import authorization
from groundwork.events.inbox.workers import places_online
from groundwork.flows.registry import jobs

AREA = "Prefect"
WORKERS, DEPLOYMENTS = "workers", "deployments"


def look_at_prefect() -> Iterator[Finding]:
    """What there is to say of API and server.

    Raises:
        httpx.HTTPError: it cannot be asked, or refuses.
    """
    if not PREFECT_API_URL.value():
        yield Finding(
            AREA, "fails", "nothing says which server to ask. Set PREFECT_API_URL, such as http://prefect:4200/api."
        )
        return
    with one_try_per_request(), prefect_client() as client:
        client.read_work_pools(limit=1)
        version = client.api_version()
    if version == prefect.__version__:
        yield Finding(AREA, "ok", f"the server answers, Prefect {version}")
    else:
        yield Finding(
            AREA,
            "mind",
            f"the server has Prefect {version}, and this code {prefect.__version__}. Run one version of both.",
        )
    yield from _settings_of_server()
    if (clock := prefect_clock()) and clock.differs:
        yield Finding(AREA, "mind", difference("Prefect's server", clock) + ".")


def _settings_of_server() -> Iterator[Finding]:
    server = _asked_settings()
    if server is None:
        return
    messages, leases = server["events"]["messaging_broker"], server["concurrency"]["lease_storage"]
    if "sqlite" in str(server["database"].get("driver") or ""):
        yield Finding(
            AREA,
            "fails",
            "the server keeps its runs in SQLite, on its machine. Start it by `groundwork prefect-server`.",
        )
    if leases.endswith(".memory"):
        yield Finding(
            AREA,
            "fails",
            "the server keeps leases in memory: its next start leaves the slots of limits taken for ever. Set "
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE, or start it by `groundwork prefect-server`.",
        )
    if messages.startswith("prefect_redis"):
        yield Finding(AREA, "ok", "the server shares its messages over Redis: there may be several")
    else:
        yield Finding(AREA, "ok", "the server keeps its messages to itself: it has to be the only one")


def _asked_settings() -> dict[str, Any] | None:
    """The server's own settings, without secrets; None where it does not tell them, as Prefect Cloud."""
    key = PREFECT_API_KEY.value()
    headers = {"Authorization": f"Bearer {key}"} if key else authorization(PREFECT_API_AUTH_STRING.value())
    answer = httpx.get(f"{str(PREFECT_API_URL.value()).rstrip('/')}/admin/settings", headers=headers, timeout=10.0)
    return dict(answer.json()["server"]) if answer.is_success else None


def look_at_workers() -> Iterator[Finding]:
    """What there is to say of the work pools and their workers.

    Raises:
        httpx.HTTPError: Prefect cannot be asked, or refuses.
    """
    with one_try_per_request(), prefect_client() as client:
        for name in sorted({WORK_POOL, *(spec.options.work_pool for spec in jobs().values())}):
            yield from _look_at_pool(client, name)


def _look_at_pool(client: SyncPrefectClient, name: str) -> Iterator[Finding]:
    try:
        pool = client.read_work_pool(name)
    except ObjectNotFound:
        yield Finding(WORKERS, "fails", f"there is no work pool {name}. Run `groundwork deploy`.")
        return
    online = [each for each in client.read_workers_for_work_pool(name) if each.status == WorkerStatus.ONLINE]
    if name == WORK_POOL and pool.type != settings().worker:
        yield Finding(
            WORKERS,
            "fails",
            f"the work pool is of type {pool.type}, and GROUNDWORK_WORKER says {settings().worker}: such workers take "
            f"no runs. Set GROUNDWORK_WORKER={pool.type}, or delete the pool and run `groundwork deploy`.",
        )
    if pool.is_paused:
        yield Finding(WORKERS, "fails", f"the work pool {name} is paused. Run: prefect work-pool resume {name}")
    if pool.concurrency_limit is None and pool.type != "groundwork":
        yield Finding(
            WORKERS,
            "mind",
            f"the work pool {name} has no limit, and workers of type {pool.type} do not say theirs: a thousand runs "
            f"may be admitted at once. Run: prefect work-pool set-concurrency-limit {name} "
            f"{settings().concurrency + (settings().host_places if name == WORK_POOL else 0)}",
        )
    if not online:
        start = "groundwork worker" + ("" if name == WORK_POOL else f" --pool {name} --type {pool.type}")
        yield Finding(WORKERS, "fails", f"no worker of the work pool {name} is online. Start one: `{start}`.")
        return
    names = ", ".join(sorted(each.name for each in online)[:5])
    yield Finding(WORKERS, "ok", f"{name}: {len(online)} online, {_places(pool)}: {names}")


def _places(pool: WorkPool) -> str:
    """How many runs a pool has room for, in words."""
    if pool.type != "groundwork":
        return "no limit" if pool.concurrency_limit is None else counted(pool.concurrency_limit, "run") + " at once"
    with database().transaction() as connection:
        places = places_online(connection).get(pool.name)
    least = min((each for each in (places, pool.concurrency_limit) if each is not None), default=None)
    return "no limit" if least is None else counted(least, "run") + " at once"


def look_at_deployments() -> Iterator[Finding]:
    """What there is to say of the deployments.

    Raises:
        httpx.HTTPError: Prefect cannot be asked, or refuses.
    """
    specs = jobs()
    with one_try_per_request(), prefect_client() as client:
        found = faults(client, [(name, spec.options.on.event_name) for name, spec in specs.items()], specs)
        bound = list(_of_one_machine(client))
    for fault in found.values():
        yield Finding(DEPLOYMENTS, "mind" if fault.effect in (Effect.NONE, Effect.NO_EVENTS) else "fails", fault.text)
    if bound:
        yield Finding(
            DEPLOYMENTS,
            "mind",
            f"{', '.join(bound[:5])}{' and others' if len(bound) > 5 else ''}: their runs change to a folder of the "
            "machine that deployed, and crash on others. Say `pull: []` in prefect.yaml and run `groundwork deploy`.",
        )
    if not found and not bound:
        yield Finding(DEPLOYMENTS, "ok", f"each of the {len(specs)} jobs has one, and an event that starts it")


def _of_one_machine(client: SyncPrefectClient) -> Iterator[str]:
    for each in pages(lambda **page: client.read_deployments(**page)):
        if any("prefect.deployments.steps.set_working_directory" in step for step in each.pull_steps or []):
            yield each.name
