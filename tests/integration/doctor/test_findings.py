"""What is wrong is found, with its cure, against real servers; what is right is told as such."""

import json
from collections.abc import Iterator

import pytest
from prefect import get_client
from sqlalchemy import text

from groundwork.blocks.embedded import EmbeddedPostgres
from groundwork.blocks.process_cache import forget
from groundwork.blocks.work_pool import WORK_POOL
from groundwork.deployments.commands import doctor
from groundwork.deployments.doctor.database import look_at_database
from groundwork.deployments.doctor.finding import Finding, guarded
from groundwork.deployments.doctor.prefect_api import look_at_deployments, look_at_prefect, look_at_workers
from groundwork.deployments.doctor.redis_uses import look_at_redis
from groundwork.deployments.doctor.storage import look_at_keys, look_at_storage
from tests.factories import register_job
from tests.integration.work_pools import own_work_pool


@pytest.fixture(autouse=True)
def configured_anew() -> Iterator[None]:
    yield
    forget()


def use(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    forget()


def failing(findings: list[Finding]) -> list[str]:
    return [each.text for each in findings if each.verdict == "fails"]


def test_a_database_that_is_as_it_should_be(db):
    found = list(look_at_database())
    assert failing(found) == []
    assert {"no pooler is in between", "its clock agrees with this machine's"} <= {each.text for each in found}


def test_connections_that_hosts_of_light_runs_may_have_are_counted(db, monkeypatch):
    def told(places: str) -> list[str]:
        use(monkeypatch, GROUNDWORK_LIGHT_PLACES=places)
        return [each.text for each in look_at_database() if "max_connections" in each.text]

    register_job(db, light=False)
    assert told("256") == [], "no host is started for it"
    register_job(db, light=True)
    [too_few] = told("256")
    assert "max_connections is 300" in too_few
    assert "Raise it to 592 or more, or lower GROUNDWORK_LIGHT_PLACES (256)" in too_few
    assert told("64") == []


def test_a_role_that_may_not_read_is_told_with_the_grant(db, postgres: EmbeddedPostgres, monkeypatch):
    with db.transaction() as connection:
        connection.execute(text("DROP ROLE IF EXISTS poor"))
        connection.execute(text("CREATE ROLE poor"))
        connection.execute(text("GRANT USAGE ON SCHEMA groundwork TO poor"))
    try:
        url = postgres.url().update_query_dict({"options": "-c role=poor"}).render_as_string(hide_password=False)
        use(monkeypatch, GROUNDWORK_DATABASE_URL=url)
        [told] = failing(list(guarded("database", look_at_database)))
        assert 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA groundwork TO "poor"' in told
    finally:
        monkeypatch.undo()
        forget()
        with db.transaction() as connection:
            connection.execute(text("REVOKE ALL ON SCHEMA groundwork FROM poor"))
            connection.execute(text("DROP ROLE poor"))


def test_what_does_not_answer_is_a_finding_and_no_traceback(monkeypatch):
    use(
        monkeypatch,
        GROUNDWORK_DATABASE_URL="postgresql://nobody:swordfish@127.0.0.1:1/nothing",
        GROUNDWORK_REDIS_URL="redis://:swordfish@127.0.0.1:1/0",
    )
    found = [*guarded("database", look_at_database), *guarded("Redis", look_at_redis)]
    assert len(failing(found)) == 2
    assert "GROUNDWORK_DATABASE_URL" in found[0].text
    assert "GROUNDWORK_REDIS_URL" in found[1].text
    assert "swordfish" not in str(found)


def test_redis_that_is_set_for_one_use_only_is_told(monkeypatch):
    monkeypatch.delenv("GROUNDWORK_REDIS_URL", raising=False)
    use(monkeypatch, PREFECT_SERVER_DOCKET_URL="redis://127.0.0.1:1/0")
    missing, unreachable = failing(list(look_at_redis()))
    assert "PREFECT_REDIS_MESSAGING_URL, PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL lead nowhere" in missing
    assert "PREFECT_SERVER_DOCKET_URL" in unreachable


@pytest.fixture
def pool(prefect_api) -> Iterator[None]:
    with own_work_pool(WORK_POOL, "groundwork"):
        yield


def test_a_server_of_prefect_and_what_its_pool_and_deployments_lack(pool):
    found = list(look_at_prefect())
    assert failing(found) == []
    assert "it has to be the only one" in str(found)
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow_from_name("of-one-machine")
        step = {"prefect.deployments.steps.set_working_directory": {"directory": "/home/ada/shop"}}
        deployment_id = client.create_deployment(flow_id, "of-one-machine", pull_steps=[step])
    try:
        assert "groundwork worker" in str(failing(list(look_at_workers())))
        told = list(look_at_deployments())
        [bound] = [each.text for each in told if "pull: []" in each.text]
        # Other tests may have left some of the kind, and five are named.
        assert "of-one-machine" in bound or "and others" in bound
        assert any("Job mail-activity-digest has no deployment" in each for each in failing(told))
    finally:
        with get_client(sync_client=True) as client:
            client.delete_deployment(deployment_id)


def test_storage_and_keys_of_production_are_told_with_the_cure(db, monkeypatch, tmp_path):
    use(
        monkeypatch,
        GROUNDWORK_MODE="production",
        GROUNDWORK_DATABASE_URL=db.url.render_as_string(hide_password=False),
        GROUNDWORK_STORAGE_URL=tmp_path.as_uri(),
    )
    [store] = failing(list(guarded("blob store", look_at_storage)))
    assert "GROUNDWORK_STORAGE_SHARED" in store
    [keys] = failing(list(guarded("keys", look_at_keys)))
    assert "GROUNDWORK_EVENT_KEY" in keys


def test_the_command_prints_findings_and_fails_where_something_does(prefect_api, db, monkeypatch, capsys):
    use(monkeypatch, GROUNDWORK_REDIS_URL="redis://127.0.0.1:1/0", PREFECT_API_URL=prefect_api["PREFECT_API_URL"])
    with pytest.raises(Exception, match="1"):
        doctor.doctor(as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert {"database", "Redis", "Prefect", "blob store", "keys"} <= {each["area"] for each in told}
