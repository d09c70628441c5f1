"""The commands against a running stack: what they print, and their exit codes."""

import json
from pathlib import Path
from uuid import uuid4

from groundwork.deployments.up.ports import free_port
from tests.integration.stack.application import Application
from tests.integration.stack.running import RunningStack


def test_send_prints_the_id_that_status_asks_for(application: Application):
    data = {"importId": "no-such-import", "workspaceId": application.workspace, "userId": application.user}
    sent = application.stack.groundwork("send", "import/csv.confirmed", json.dumps(data), "--json")
    assert sent.returncode == 0, sent.stderr
    event_id = json.loads(sent.stdout)["id"]
    application.ended(event_id)

    as_json = application.stack.groundwork("status", event_id, "--json")
    assert as_json.returncode == 1
    answer = json.loads(as_json.stdout)
    assert (answer["id"], answer["name"]) == (event_id, "import/csv.confirmed")
    assert answer["deliveries"][0]["state"] == "failed"

    short = application.stack.groundwork("status", event_id[:30], "--json")
    assert json.loads(short.stdout)["id"] == event_id
    of_delivery = application.stack.groundwork("status", answer["deliveries"][0]["id"], "--json")
    assert json.loads(of_delivery.stdout)["id"] == event_id

    for_people = application.stack.groundwork("status", event_id)
    assert for_people.returncode == 1
    assert "process-csv: failed, attempt 1" in for_people.stdout
    assert "has no import no-such-import" in for_people.stdout


def test_a_misspelt_event_name_is_answered_with_the_right_one(stack: RunningStack):
    sent = stack.groundwork("send", "import/csv.confirmd", "{}")
    assert (sent.returncode, sent.stdout) == (2, "")
    assert "did you mean 'import/csv.confirmed'" in sent.stderr


def test_a_missing_field_is_named(stack: RunningStack):
    sent = stack.groundwork("send", "import/csv.confirmed", '{"workspaceId": "acme", "userId": "ada"}')
    assert sent.returncode == 2
    assert "\n  importId: Field required. Add it: " in sent.stderr


def test_the_status_of_an_unknown_event_is_an_error(stack: RunningStack):
    asked = stack.groundwork("status", str(uuid4()))
    assert (asked.returncode, asked.stdout) == (1, "")
    assert "404 There is no event" in asked.stderr


def test_where_nothing_runs_the_cure_is_named(tmp_path: Path):
    nothing = RunningStack(tmp_path / "home", {"GROUNDWORK_PORT": str(free_port())})
    asked = nothing.groundwork("status", str(uuid4()))
    assert (asked.returncode, asked.stdout) == (2, "")
    assert f"No `groundwork up` runs on {nothing.home}" in asked.stderr


def test_demo_uses_what_runs_and_prints_its_figures(stack: RunningStack):
    demo = stack.groundwork("demo", "--rows", "2000", "--json")
    assert demo.returncode == 0, demo.stderr
    figures = json.loads(demo.stdout)
    assert (figures["state"], figures["rows"], figures["error"]) == ("done", 2_000, None)
    assert figures["run_url"].startswith(f"http://127.0.0.1:{stack.prefect_port}/runs/flow-run/")
    assert Path(figures["rejects_path"]).read_text().count("\n") == figures["rejected"] + 1
    assert 0 < figures["accepted_to_first_step_seconds"] < 30
