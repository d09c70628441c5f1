"""GET /metrics: what Prometheus reads, who may read it, and that it counts right."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from groundwork.blocks.settings import settings
from groundwork.deployments.gateway.app import create_app
from groundwork.deployments.gateway.metrics import exposition
from groundwork.events.inbox import claim, send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.cancellation import cancel
from groundwork.events.inbox.claim import Run
from groundwork.events.inbox.dead_letters import dead_letters, replay
from groundwork.events.inbox.figures import fold_tally, job_figures
from tests.factories import csv_import_confirmed, flow_run_id, register_job
from tests.integration.gateway.conftest import OPEN_KEY, RESTRICTED_KEY, ingest_keys, serving


@pytest.fixture
def metrics_url(db):
    with serving(create_app(ingest_keys())) as url:
        yield f"{url}/metrics"


def scrape(text: str) -> dict[tuple[str, ...], float]:
    """Samples by name and labels' values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def figures(db) -> dict[str, float]:
    with db.transaction() as connection:
        return job_figures(connection)["process-csv"]


def run_one():
    [admitted] = admit(capacity=1)
    return claim(admitted.id, Run(flow_run_id=flow_run_id()))


def test_every_stage_of_a_delivery_is_counted(db, metrics_url):
    register_job(db, lane=1)
    for n in range(5):
        send(csv_import_confirmed(f"import-{n}"))
    run_one().settle()
    run_one().fail(ConnectionError("no"))
    run_one()
    with db.transaction() as connection:
        cancel(connection, workspace_id="acme", queued_only=True)
    send(csv_import_confirmed("import-5"))
    answer = httpx.get(metrics_url, headers={"Authorization": f"Bearer {OPEN_KEY}"})
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = scrape(answer.text)
    job = "process-csv"
    assert samples[("groundwork_deliveries_accepted_total", job)] == 6
    assert samples[("groundwork_attempts_total", job)] == 3
    settled = {state: samples[("groundwork_deliveries_settled_total", job, state)] for state in ("done", "failed")}
    assert settled == {"done": 1, "failed": 1}
    assert samples[("groundwork_deliveries_settled_total", job, "cancelled")] == 2
    assert samples[("groundwork_deliveries", job, "queued")] == 1
    assert samples[("groundwork_deliveries", job, "running")] == 1
    assert samples[("groundwork_dead_letters", job)] == 1
    assert 0 < samples[("groundwork_oldest_queued_seconds", job)] < 60


def test_workspaces_are_no_labels(db, metrics_url):
    register_job(db)
    send(csv_import_confirmed(workspace="acme"))
    assert "acme" not in httpx.get(metrics_url, headers={"Authorization": f"Bearer {OPEN_KEY}"}).text


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"Authorization": f"Bearer {RESTRICTED_KEY}"}, 403)])
def test_only_a_key_for_everything_may_read_them(metrics_url, headers, status):
    assert httpx.get(metrics_url, headers=headers).status_code == status


def test_they_can_be_made_public(metrics_url, monkeypatch):
    monkeypatch.setattr(settings(), "metrics_public", True)
    assert httpx.get(metrics_url).status_code == 200


def test_summing_up_changes_no_total(db):
    register_job(db)
    for n in range(3):
        send(csv_import_confirmed(f"import-{n}"))
        run_one().settle()
    before = figures(db)
    for _ in range(2):
        with db.transaction() as connection:
            fold_tally(connection)
        assert figures(db) == before
    assert (before["accepted"], before["attempts"], before["done"]) == (3, 3, 3)


def test_a_replayed_delivery_is_counted_each_time_it_ends(db):
    register_job(db)
    send(csv_import_confirmed())
    run_one().fail(ConnectionError("no"))
    with db.transaction() as connection:
        replay(connection, dead_letters(connection))
    run_one().settle()
    after = figures(db)
    assert (after["accepted"], after["failed"], after["done"], after.get("dead", 0)) == (1, 1, 1, 0)


def test_what_is_rolled_back_is_not_counted(db):
    register_job(db)
    with pytest.raises(RuntimeError), db.transaction() as connection:
        send(csv_import_confirmed(), connection)
        raise RuntimeError("the application changed its mind")
    assert figures(db) == {}


def test_names_that_the_format_reserves_are_escaped():
    text = "".join(exposition({'odd"job\\': {"accepted": 1.0}}))
    assert scrape(text)[("groundwork_deliveries_accepted_total", 'odd"job\\')] == 1
