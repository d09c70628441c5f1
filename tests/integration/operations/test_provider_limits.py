"""Steps that call providers: so many at once per workspace, whoever dies, and slots that leak are found again."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from prefect import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.types._concurrency import ConcurrencyLeaseHolder

from groundwork.blocks.process_cache import forget
from groundwork.deployments.relay.tag_limits import TagLimits
from groundwork.events.identifiers import WorkspaceId, workspace_tag
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.tasks.provider_limit import prefect_went_away, provider_tag
from tests.factories import delivery_of, register_job
from tests.integration.operations.provider_job import CallsWanted, Provider, provider, provider_job
from tests.waiting import wait_until


@pytest.fixture
def workspace() -> str:
    """A workspace that Prefect has never heard of."""
    return f"w-{uuid4().hex[:8]}"


@pytest.fixture
def start(db, prefect_api):
    """Admit a delivery of the job; gives its id."""
    register_job(db, "provider-job", "test/calls.wanted", lane=5)

    def admit_one(workspace: str, calls: int = 1, folder: Path | None = None):
        event = CallsWanted(
            workspace_id=WorkspaceId.stored(workspace), calls=calls, folder=str(folder) if folder else None
        )
        event_id = send(event)
        admit(capacity=10)
        return delivery_of(db, event_id).id

    return admit_one


def slots(workspace: str) -> tuple[int, int]:
    """Slots in use, and the limit."""
    with get_client(sync_client=True) as client:
        limit = client.read_global_concurrency_limit_by_name(f"tag:workspace:{workspace}")
    return limit.active_slots, limit.limit


def test_no_more_than_the_limit_at_once_and_other_workspaces_do_not_notice(start, workspace):
    other = f"{workspace}-other"
    busy, quick = start(workspace, calls=4), start(other, calls=2)
    provider.let_go[workspace], provider.let_go[other] = threading.Event(), threading.Event()
    provider.let_go[other].set()
    with ThreadPoolExecutor(1) as pool:
        # A thread knows of the tests' Prefect server by the context that it is given.
        running = pool.submit(copy_context().run, provider_job, delivery_id=busy)
        try:
            wait_until(lambda: provider.active.get(workspace) == 2, what="two calls are under way")
            assert slots(workspace) == (2, 2)
            assert provider_job(delivery_id=quick) == [0, 1]
            assert provider.active[workspace] == 2
        finally:
            provider.let_go[workspace].set()
        assert running.result(60) == [0, 1, 2, 3]
    assert provider.peak[workspace] == 2
    wait_until(lambda: slots(workspace)[0] == 0, what="every slot is free again")


def test_the_step_carries_its_workspace_as_tag_and_the_others_do_not(start, workspace, db):
    provider.let_go[workspace] = threading.Event()
    provider.let_go[workspace].set()
    provider_job(delivery_id=start(workspace))

    def tags():
        with get_client(sync_client=True) as client:
            found = client.request(
                "POST", "/task_runs/filter", json={"task_runs": {"tags": {"all_": [f"workspace:{workspace}"]}}}
            ).json()
        return [each["name"] for each in found]

    assert wait_until(tags, what="the task run is recorded")[0].startswith("call-provider")


@pytest.mark.parametrize(
    "name",
    # The last five are from before there was a rule for ids. What was accepted runs to its end.
    ["-_.:@|+=~,'Aa", "b ltd", "Zoë", "日本", "x" * 118, "a/b", "50% & more", "<acme>", "a?b#c", "100*"],
)
def test_every_workspace_that_is_in_the_inbox_can_call_providers(start, workspace, name):
    odd = f"{workspace}{name}"
    provider.let_go[odd] = threading.Event()
    provider.let_go[odd].set()
    assert provider_job(delivery_id=start(odd, calls=1)) == [0]
    assert provider.peak[odd] == 1
    with get_client(sync_client=True) as client:
        assert client.read_global_concurrency_limit_by_name(f"tag:{workspace_tag(odd)}").limit == 2


def test_a_limit_that_a_person_changed_is_left_as_it_is(prefect_api, workspace):
    provider_tag(workspace)
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(f"tag:workspace:{workspace}", GlobalConcurrencyLimitUpdate(limit=7))
    forget()
    provider_tag(workspace)
    assert slots(workspace) == (0, 7)


def test_the_slot_of_a_killed_run_is_freed_when_its_lease_has_run_out(start, workspace, prefect_api, tmp_path):
    delivery = start(workspace, folder=tmp_path)
    command = [sys.executable, "-m", "tests.integration.operations.provider_job", str(delivery)]
    with subprocess.Popen(command, env=prefect_api) as process:
        try:
            wait_until((tmp_path / "inside").exists, 60, what="the run holds its slot")
        finally:
            process.kill()
    assert slots(workspace)[0] == 1
    let_leases_run_out(Path(prefect_api["PREFECT_HOME"]))
    wait_until(lambda: slots(workspace)[0] == 0, what="the slot is free")


def let_leases_run_out(prefect_home: Path) -> None:
    """What a minute does."""
    past = datetime(2000, 1, 1, tzinfo=UTC).isoformat()
    folder = prefect_home / "concurrency_leases"
    leases = [path for path in folder.glob("*.json") if path.name != "expirations.json"]
    for path in leases:
        path.write_text(json.dumps(json.loads(path.read_text()) | {"expiration": past}))
    (folder / "expirations.json").write_text(json.dumps({path.stem: past for path in leases}))


def test_a_slot_that_no_lease_holds_is_freed_and_one_that_is_held_is_kept(db, prefect_api, workspace):
    name = f"tag:{provider_tag(workspace)}"
    with get_client(sync_client=True) as client:
        held = client.increment_concurrency_slots_with_lease(
            [name], 1, "concurrency", lease_duration=60, holder=ConcurrencyLeaseHolder(type="task_run", id=uuid4())
        ).json()
        client.increment_concurrency_slots([name], 1, "concurrency")
        assert slots(workspace)[0] == 2
        limits = TagLimits()
        assert limits.repair() == []
        assert limits.repair() == [f"workspace:{workspace}"]
        assert slots(workspace)[0] == 1
        assert (limits.repair(), limits.repair()) == ([], [])
        client.release_concurrency_slots_with_lease(held["lease_id"])
    assert slots(workspace)[0] == 0


def test_relays_that_find_the_same_surplus_free_it_once(db, prefect_api, workspace):
    name = f"tag:{provider_tag(workspace)}"
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(limit=5))
        lease = client.increment_concurrency_slots_with_lease(
            [name], 1, "concurrency", lease_duration=60, holder=ConcurrencyLeaseHolder(type="task_run", id=uuid4())
        ).json()["lease_id"]
        client.increment_concurrency_slots([name], 1, "concurrency")
        relays = [TagLimits() for _ in range(3)]
        assert [relay.repair() for relay in relays] == [[], [], []]
        with ThreadPoolExecutor(3) as pool:
            looks = [pool.submit(copy_context().run, relay.repair) for relay in relays]
        assert [tag for look in looks for tag in look.result()] == [f"workspace:{workspace}"]
        assert slots(workspace)[0] == 1
        client.release_concurrency_slots_with_lease(lease)


def test_a_count_below_what_is_held_is_raised(db, prefect_api, workspace):
    name = f"tag:{provider_tag(workspace)}"
    limits = TagLimits()
    with get_client(sync_client=True) as client:
        for _ in range(2):
            client.increment_concurrency_slots_with_lease(
                [name], 1, "concurrency", lease_duration=60, holder=ConcurrencyLeaseHolder(type="task_run", id=uuid4())
            )
        client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(active_slots=1))
        assert (limits.repair(), limits.repair()) == ([], [f"workspace:{workspace}"])
    assert slots(workspace)[0] == 2


def test_a_difference_that_passes_is_left_alone(db, prefect_api, workspace):
    name = f"tag:{provider_tag(workspace)}"
    limits = TagLimits()
    with get_client(sync_client=True) as client:
        client.increment_concurrency_slots([name], 1, "concurrency")
        assert limits.repair() == []
        client.release_concurrency_slots([name], 1, 0.1)
    assert limits.repair() == []
    assert slots(workspace)[0] == 0


NOBODY_LISTENS = "http://127.0.0.1:1/api"


def test_a_provider_that_is_away_is_an_error_of_the_step():
    with pytest.raises(httpx.ConnectError) as away:
        httpx.get(NOBODY_LISTENS)
    assert not prefect_went_away(away.value)


def test_prefect_that_is_away_is_told_from_it():
    with temporary_settings({PREFECT_API_URL: NOBODY_LISTENS}):
        with pytest.raises(httpx.ConnectError) as away:
            httpx.get(f"{NOBODY_LISTENS}/health")
        assert prefect_went_away(away.value)


def test_a_provider_counts_what_is_under_way():
    counted = Provider()
    counted.let_go["acme"] = threading.Event()
    counted.let_go["acme"].set()
    counted.call("acme")
    assert (counted.active, counted.peak) == ({"acme": 0}, {"acme": 1})
