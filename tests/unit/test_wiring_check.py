"""`up` and `deploy` compare the jobs of the code with ``prefect.yaml`` before they change anything."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.relay.wiring import block_of
from groundwork.deployments.wiring.check import check_wiring
from groundwork.deployments.wiring.project import Deployment, deployments_of
from groundwork.flows.registry import JobSpec, jobs

PROJECT = Path(__file__).parents[2]
FILE = PROJECT / "prefect.yaml"
JOBS = {name: spec for name, spec in jobs().items() if spec.body.__module__.startswith("groundwork.")}


def deployments() -> list[Deployment]:
    return deployments_of([PROJECT])


def fault(specs=JOBS, wiring=None) -> str:
    with pytest.raises(ConfigurationError) as refused:
        check_wiring(specs, deployments() if wiring is None else wiring)
    return str(refused.value)


def test_our_own_fit_together():
    check_wiring(JOBS, deployments())


def test_a_job_without_a_deployment_is_named_with_the_block_to_add():
    told = fault(wiring=[each for each in deployments() if each.name != "process-csv"])
    assert "Job process-csv has no deployment" in told
    assert str(FILE) in told
    assert block_of(JOBS["process-csv"]) in told


def test_the_block_that_is_told_is_one_that_fits(tmp_path: Path):
    missing = JOBS["process-csv"]
    (tmp_path / "prefect.yaml").write_text(f"deployments:\n{block_of(missing)}\n")
    check_wiring({"process-csv": missing}, deployments_of([tmp_path]))


def heavy(name: str) -> JobSpec:
    """A job of ours as it would be in a work pool of its own."""
    return replace(JOBS[name], options=replace(JOBS[name].options, work_pool="heavy"))


def test_a_job_and_a_deployment_that_name_two_work_pools_are_refused_with_what_to_write():
    told = fault(specs=JOBS | {"process-csv": heavy("process-csv")})
    assert "the deployment process-csv names the work pool groundwork, and the job heavy" in told
    assert "@job(work_pool='groundwork'), or `work_pool: {name: heavy}`" in told


def test_the_block_of_a_job_in_a_work_pool_of_its_own_names_that_pool(tmp_path: Path):
    spec = heavy("process-csv")
    (tmp_path / "prefect.yaml").write_text(f"deployments:\n{block_of(spec)}\n")
    [deployment] = deployments_of([tmp_path])
    assert deployment.work_pool == "heavy"
    check_wiring({"process-csv": spec}, [deployment])


def test_a_deployment_without_a_job_is_named():
    told = fault(specs={name: spec for name, spec in JOBS.items() if name != "send-welcome"})
    assert "the deployment send-welcome is triggered for job send-welcome, and no application has that job" in told


def test_a_deployment_of_an_application_of_ours_that_is_not_loaded_is_left_out():
    program = (
        "from groundwork.deployments.wiring.check import check_wiring\n"
        "from groundwork.deployments.wiring.project import deployments_of\n"
        "from groundwork.flows.registry import jobs\n"
        f"check_wiring(jobs(), deployments_of([__import__('pathlib').Path({str(PROJECT)!r})])); print(*jobs())"
    )
    environment = os.environ | {"GROUNDWORK_APPLICATIONS": "operations"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "note-bounce\n"), done.stderr


def test_a_deployment_of_another_function_is_named():
    moved = [
        Deployment(each.file, each.name, f"elsewhere.{each.name}", each.jobs) if each.name == "process-csv" else each
        for each in deployments()
    ]
    told = fault(wiring=moved)
    assert "has the entrypoint elsewhere.process-csv" in told
    assert "groundwork.flows.contacts.process_csv.process_csv" in told


def test_a_deployment_twice_is_named():
    [one] = [each for each in deployments() if each.name == "process-csv"]
    assert "process-csv stands 2 times" in fault(wiring=[*deployments(), one])


@pytest.mark.parametrize("content", ["a: [", "deployments: 1", "name: x", "deployments: [{entrypoint: a}]", ""])
def test_a_file_that_is_no_wiring_is_named(tmp_path: Path, content: str):
    (tmp_path / "prefect.yaml").write_text(content)
    with pytest.raises(ConfigurationError, match=str(tmp_path / "prefect.yaml")):
        deployments_of([tmp_path])
