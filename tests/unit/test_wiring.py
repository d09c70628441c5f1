"""``prefect.yaml`` tells the whole wiring: every job has a deployment that listens to its event."""

import re
from pathlib import Path

import pytest
import yaml

from groundwork import flows
from groundwork.blocks.configured import FORMER_DOCUMENT
from groundwork.deployments.relay.wiring import block_of
from groundwork.deployments.wiring.deploy import INTERACTIVE_QUEUE
from groundwork.deployments.wiring.documents import BLOCKS
from groundwork.flows.job import flow_of
from groundwork.flows.operations.apply_retention import apply_retention
from groundwork.flows.operations.tell_of_dead_letters import tell_of_dead_letters
from groundwork.flows.registry import jobs

WIRING = yaml.safe_load((Path(flows.__file__).resolve().parents[1] / "prefect.yaml").read_text())
DEPLOYMENTS = {each["name"]: each for each in WIRING["deployments"]}
FLOWS = (apply_retention, tell_of_dead_letters)
JOBS = {name: spec for name, spec in jobs().items() if spec.body.__module__.startswith("groundwork.")}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_has_a_deployment_that_its_event_triggers_with_the_delivery_only(name):
    deployment = DEPLOYMENTS[name]
    assert deployment["entrypoint"] == JOBS[name].entrypoint
    [trigger] = deployment["triggers"]
    assert trigger["expect"] == [JOBS[name].options.on.event_name]
    assert trigger["match"] == {"prefect.resource.id": "groundwork.delivery.*", "groundwork.job": name}
    assert trigger["parameters"] == {"delivery_id": "{{ event.payload.delivery_id }}"}


@pytest.mark.parametrize("name", JOBS)
def test_interactive_jobs_have_the_queue_that_workers_look_at_first(name):
    queue = DEPLOYMENTS[name]["work_pool"].get("work_queue_name")
    assert queue == (INTERACTIVE_QUEUE if JOBS[name].options.interactive else None)


def test_no_deployment_names_a_folder_of_the_machine_that_deploys():
    assert WIRING["pull"] == []
    assert not any("pull" in each for each in DEPLOYMENTS.values())


def test_automations_say_in_words_what_starts_what_and_why():
    triggers = [(name, each) for name, deployment in DEPLOYMENTS.items() for each in deployment.get("triggers", [])]
    assert len({each["name"] for _, each in triggers}) == len(triggers)
    for name, trigger in triggers:
        assert trigger["name"].endswith(f" starts {name}")
        assert trigger["description"].endswith(".")


def test_a_job_without_a_deployment_is_offered_a_block_with_such_an_automation():
    spec = next(iter(JOBS.values()))
    [deployment] = yaml.safe_load(block_of(spec))
    [trigger] = deployment["triggers"]
    assert trigger["name"] == f"{spec.options.on.event_name} starts {spec.name}"
    assert spec.name in trigger["description"]


_OF_CODE = re.compile(r"``|:\w+:|\b[a-z]+_[a-z_]+\b|\b[a-z]+\.[a-z]+\.[a-z.]+\b|\.py\b")
"""A name of a function, a variable or a module, or markup of a docstring."""


def is_a_sentence(text: str | None) -> bool:
    """Whether a description says in words what something does."""
    return bool(
        text and text[0].isupper() and text.endswith(".") and len(text.split()) >= 4 and not _OF_CODE.search(text)
    )


def test_deployments_automations_and_flows_say_in_words_what_they_do():
    told = {
        "deployment": {name: each.get("description") for name, each in DEPLOYMENTS.items()},
        "automation": {
            each["name"]: each.get("description") for one in DEPLOYMENTS.values() for each in one.get("triggers", [])
        },
        "flow": {name: flow_of(name).description for name in JOBS} | {each.name: each.description for each in FLOWS},
    }
    assert [
        (kind, name, text) for kind, all in told.items() for name, text in all.items() if not is_a_sentence(text)
    ] == []
    for all in told.values():
        assert len(set(all.values())) == len(all), sorted(all.values())


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_document_is_named_for_its_purpose(block):
    assert re.fullmatch("[a-z0-9-]+", block.document)
    assert block.document != FORMER_DOCUMENT
