"""``prefect.yaml`` tells the whole wiring: every job has a deployment that listens to its event."""

from pathlib import Path

import pytest
import yaml

import flows
from deployments.deploy import INTERACTIVE_QUEUE
from flows.registry import jobs

WIRING = yaml.safe_load((Path(flows.__file__).parents[1] / "prefect.yaml").read_text())
DEPLOYMENTS = {each["name"]: each for each in WIRING["deployments"]}
JOBS = {
    name: spec
    for name, spec in jobs().items()
    if (Path(flows.__file__).parent / f"{name.replace('-', '_')}.py").exists()
}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_has_a_deployment_that_its_event_triggers_with_the_delivery_only(name):
    deployment = DEPLOYMENTS[name]
    function = name.replace("-", "_")
    assert deployment["entrypoint"] == f"flows.{function}.{function}"
    [trigger] = deployment["triggers"]
    assert trigger["expect"] == [JOBS[name].on.event_name]
    assert trigger["match"] == {"prefect.resource.id": "groundwork.delivery.*", "groundwork.job": name}
    assert trigger["parameters"] == {"delivery_id": "{{ event.payload.delivery_id }}"}


@pytest.mark.parametrize("name", JOBS)
def test_interactive_jobs_have_the_queue_that_workers_look_at_first(name):
    queue = DEPLOYMENTS[name]["work_pool"].get("work_queue_name")
    assert queue == (INTERACTIVE_QUEUE if JOBS[name].interactive else None)


def test_no_deployment_names_a_folder_of_the_machine_that_deploys():
    assert WIRING["pull"] == []
    assert not any("pull" in each for each in DEPLOYMENTS.values())
