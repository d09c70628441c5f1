"""What a Prefect user finds and does: blocks, artifacts, tags, runs by hand, deploys by hand."""

import base64
import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from groundwork.events.contacts.users import UserSignedUp
from tests.integration.gateway.console.signing_in import person
from tests.integration.stack.application import Application
from tests.integration.stack.running import RunningStack
from tests.waiting import wait_until

DEPLOYMENT = "process-csv/process-csv"
EXPORT = "process-export/process-export"


@pytest.fixture
def contacts_csv(tmp_path: Path) -> Path:
    file = tmp_path / "contacts.csv"
    file.write_text("Email,Name\nada@example.com,Ada\ngrace@example.com,Grace\nnobody,Nobody\n")
    return file


def artifacts(stack: RunningStack, flow_run_id: object) -> dict[str, dict[str, object]]:
    found = stack.ask_prefect(
        "/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [str(flow_run_id)]}, "key": {"exists_": True}}}
    )
    return {each["key"]: each for each in found}


@pytest.mark.parametrize(
    ("block", "name"),
    [("database", "inbox-database"), ("blob-store", "files"), ("mailer", "mail"), ("ingest-keys", "ingest-keys")],
)
def test_each_block_has_one_document_in_prefect_named_for_its_purpose(stack: RunningStack, block: str, name: str):
    documents = stack.ask_prefect(f"/block_types/slug/groundwork-{block}/block_documents", method="GET")
    assert [each["name"] for each in documents] == [name]


def test_the_run_carries_its_workspace_as_tag_and_the_figures_as_artifacts(
    application: Application, contacts_csv: Path
):
    delivery = application.done(application.confirm(application.upload(contacts_csv)))
    run = ended_run(application.stack, delivery.flow_run_id)
    assert f"workspace:{application.workspace}" in run["tags"]
    assert run["parameters"] == {"delivery_id": str(delivery.id)}
    found = artifacts(application.stack, delivery.flow_run_id)
    assert (found["csv-import-progress"]["type"], found["csv-import-progress"]["data"]) == ("progress", 100.0)
    assert found["csv-import"]["type"] == "markdown"
    assert "| inserted | 2 |" in str(found["csv-import"]["data"])


def test_the_run_links_its_event_in_the_console(application: Application, contacts_csv: Path):
    event_id = application.confirm(application.upload(contacts_csv))
    run_id = application.done(event_id).flow_run_id
    link = link_to_console(application.stack, run_id)
    assert link == f"http://127.0.0.1:{application.stack.port}/console/events/{event_id}"
    assert "csv.confirmed" in seen_by_an_operator(link)


def test_a_host_of_light_runs_links_the_events_that_it_has_carried(application: Application):
    data = {"workspaceId": application.workspace, "userId": application.user}
    sent = [application.gateway.send(UserSignedUp.model_validate(data)) for _ in range(2)]
    [run_id] = {application.done(each).flow_run_id for each in sent}
    link = link_to_console(application.stack, run_id)
    assert link.endswith(f"/console/runs/{run_id}")
    page = seen_by_an_operator(link)
    assert all(str(each) in page for each in sent)


def test_the_artifacts_of_an_import_and_an_export_link_their_files_for_operators(
    application: Application, contacts_csv: Path
):
    event_id = application.confirm(application.upload(contacts_csv))
    delivery = application.done(event_id)
    report = str(artifacts(application.stack, delivery.flow_run_id)["csv-import"]["data"])
    [link] = re.findall(r"\[Rejected rows, to mend and upload again\]\(([^)]+)\)", report)
    assert "nobody" in seen_by_an_operator(link)
    [picture] = re.findall(r"!\[Rejected rows by reason\]\(data:image/svg\+xml;base64,([^)]+)\)", report)
    assert "invalid_email" in base64.b64decode(picture).decode()


def ended_run(stack: RunningStack, run_id: object) -> dict[str, Any]:
    """The run, once it has ended: its label is there by then. Its delivery has ended before."""

    def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = stack.ask_prefect(f"/flow_runs/{run_id}", method="GET")
        return run if run["state_type"] == "COMPLETED" else None

    return wait_until(ended, 30, what="the run to end")


def link_to_console(stack: RunningStack, run_id: object) -> str:
    """Where the artifact beside a run leads."""
    asked = {"artifacts": {"flow_run_id": {"any_": [str(run_id)]}, "key": {"exists_": False}}}
    [artifact] = wait_until(lambda: stack.ask_prefect("/artifacts/filter", asked), 30, what="the run's label")
    found = re.fullmatch(r"\[Open it in the console\]\((.*)\)", artifact["data"])
    assert found
    return found[1]


def seen_by_an_operator(url: str) -> str:
    """What the link shows to somebody who has signed in."""
    base, _, path = url.partition("/console/")
    with person(base, "development") as operator:
        operator.client.follow_redirects = True
        return operator.see(path)


def test_a_person_starts_the_job_and_the_inbox_records_it(application: Application, contacts_csv: Path):
    import_id = application.upload(contacts_csv)
    parameters = {"import_id": import_id, "workspace_id": application.workspace, "user_id": application.user}
    started = application.stack.prefect(
        "deployment", "run", DEPLOYMENT, *(f"--param={name}={value}" for name, value in parameters.items())
    )
    assert started.returncode == 0, started.stdout + started.stderr

    def recorded() -> UUID | None:
        found = application.rows(
            "SELECT id FROM groundwork.event WHERE workspace_id = :it AND source = 'person'", it=application.workspace
        )
        return found[0].id if found else None

    delivery = application.done(wait_until(recorded, 60))
    assert (delivery.result["inserted"], delivery.attempt) == (2, 1)
    assert application.import_record(import_id).status == "completed_with_errors"


def test_the_form_of_a_job_refuses_what_cannot_be_and_takes_what_can(stack: RunningStack):
    deployment = stack.ask_prefect(f"/deployments/name/{EXPORT}", method="GET")
    fields = sorted(deployment["parameter_openapi_schema"]["properties"].items(), key=lambda each: each[1]["position"])
    assert [name for name, _ in fields][:3] == ["workspace_id", "user_id", "export_id"]
    assert fields[-1][0] == "delivery_id"
    good = {"workspace_id": "acme", "user_id": "ada", "export_id": "e-1", "format": "csv"}
    path = f"/deployments/{deployment['id']}/create_flow_run"
    for wrong in (
        {"workspace_id": ""},
        {"workspace_id": "w" * 129},
        {"workspace_id": " acme"},
        {"export_id": "../e"},
        {"format": "xlsx"},
        {"columns": []},
        {"neutralise_formulas": "maybe"},
        {"filter": {"cty": "Ulm"}},
        {"delivery_id": "d-1"},
    ):
        with pytest.raises(httpx.HTTPStatusError) as refused:
            stack.ask_prefect(path, {"parameters": good | wrong})
        assert refused.value.response.status_code == 409, wrong
        assert next(iter(wrong)) in refused.value.response.text
    later = {"type": "SCHEDULED", "state_details": {"scheduled_time": "2099-01-01T00:00:00Z"}}
    for right in (good, {"delivery_id": str(uuid4())}, good | {"user_id": None, "columns": None}):
        run = stack.ask_prefect(path, {"parameters": right, "state": later})
        stack.ask_prefect(f"/flow_runs/{run['id']}", method="DELETE")


def test_runs_and_steps_have_names_that_say_what_they_are(application: Application, contacts_csv: Path):
    delivery = application.done(application.confirm(application.upload(contacts_csv)))
    run = application.stack.ask_prefect(f"/flow_runs/{delivery.flow_run_id}", method="GET")
    assert run["name"].startswith(f"process-csv/{application.workspace}/")

    def step_names() -> list[str]:
        asked = {"flow_runs": {"id": {"any_": [run["id"]]}}}
        return [each["name"] for each in application.stack.ask_prefect("/task_runs/filter", asked)]

    wait_until(lambda: "import-chunk-0" in step_names(), 30, "the step is shown by its name")


def test_events_fire_after_a_deploy_by_hand(application: Application, contacts_csv: Path):
    deployed = application.stack.prefect("deploy", "--name", "process-csv")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr

    def started_by_an_automation() -> bool:
        # Until Prefect's server has taken the new automation on, the relay starts runs in its place.
        delivery = application.done(application.confirm(application.upload(contacts_csv)))
        run = application.stack.ask_prefect(f"/flow_runs/{delivery.flow_run_id}", method="GET")
        return (run["created_by"] or {}).get("type") == "AUTOMATION"

    wait_until(started_by_an_automation, 120, "an automation to start a run")
