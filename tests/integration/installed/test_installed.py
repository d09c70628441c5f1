"""Groundwork as a wheel, in an environment of its own, beside a project and a package with our rooms' names."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.bare_environment import BareEnvironment
from tests.integration.stack.running import RunningStack
from tests.waiting import wait_until
from tests.wheel import build_wheel

pytestmark = pytest.mark.timeout(900)
STRANGERS = ("events", "flows")
STRANGER_SETUP = "from setuptools import setup\nsetup(name='strangers', version='1', packages=['events', 'flows'])\n"
OF_STRANGERS = """

@step
def origin() -> list[str]:
    import events
    import flows

    return [events.WHOSE, flows.WHOSE]


@step
def template_folder() -> bool:
    from importlib.resources import files

    return files("shop.notifications").joinpath("templates").is_dir()
"""
EVENT = ("order/order.placed", '{"workspaceId": "acme", "orderId": "1001"}')
IS_GONE = "Job confirm-order is gone from the code and retired: 1 waiting delivery kept for its return."


class Installed:
    """The wheel, the project and the strangers in one environment, and a stack that runs from an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.bare = BareEnvironment(folder / "environment")
        self.empty = folder / "empty"
        self.empty.mkdir()
        strangers = folder / "strangers"
        for name in STRANGERS:
            (strangers / name).mkdir(parents=True)
            (strangers / name / "__init__.py").write_text("WHOSE = 'strangers'\n")
        (strangers / "setup.py").write_text(STRANGER_SETUP)
        self.wheel = build_wheel(folder)
        # pip refuses where a library is missing that the wheel asks for.
        self.bare.install(str(self.wheel), str(strangers), folder=folder)
        made = self.bare.run("groundwork", "new", "project", "shop", folder=folder)
        assert made.returncode == 0, made.stderr
        self.project = folder / "shop"
        (self.project / "tasks" / "confirm_order.py").open("a").write(OF_STRANGERS)
        flow = self.project / "flows" / "confirm_order.py"
        flow.write_text(
            flow.read_text()
            .replace("import confirmation_number", "import confirmation_number, origin, template_folder")
            .replace("-> str", "-> dict[str, object]")
            .replace("\n\n@job", "\nlogger = __import__('logging').getLogger(__name__)\n\n\n@job")
            .replace(
                "    return confirmation", "    logger.info('confirming %s', event.order_id)\n    return confirmation"
            )
            .replace(
                "return confirmation_number(event)",
                'return {"number": confirmation_number(event), "of": origin(), "templates": template_folder()}',
            )
        )
        self.bare.install(str(self.project), folder=folder)
        variables = self.bare.environment(GROUNDWORK_PROJECT=str(self.project))
        self.stack = RunningStack(folder / "home", variables, self.empty, str(self.bare.python))
        for name in set(self.stack.environment) - set(variables):
            del self.stack.environment[name]

    @property
    def wiring(self) -> Path:
        return self.project / "prefect.yaml"

    def refused(self) -> str:
        """What `up` says that does not start."""
        done = self.stack.groundwork(
            "up", "--port", str(self.stack.port), "--prefect-port", str(self.stack.prefect_port)
        )
        assert done.returncode == 2, done.stdout + done.stderr
        return done.stderr

    def status(self, event_id: str) -> dict[str, object]:
        [delivery] = json.loads(self.stack.groundwork("status", event_id, "--json").stdout)["deliveries"]
        return delivery


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    found = Installed(tmp_path_factory.mktemp("installed"))
    try:
        yield found
    finally:
        found.stack.end(signal.SIGINT)


def test_its_code_is_that_of_the_wheel(installed: Installed):
    program = "import groundwork.flows.job as it, shop.flows as theirs; print(it.__file__, theirs.__file__)"
    done = installed.bare.run(str(installed.bare.python), "-c", program, folder=installed.empty)
    assert done.returncode == 0, done.stderr
    assert all(Path(each).is_relative_to(installed.bare.site) for each in done.stdout.split())


def test_a_project_installs_the_wheel_that_made_it(installed: Installed):
    assert f"GROUNDWORK := {installed.wheel.as_uri()}\n" in (installed.project / "Makefile").read_text()


def test_a_job_of_the_project_runs_beside_packages_of_the_rooms_names(installed: Installed):
    installed.stack.ensure_running()
    done = installed.stack.groundwork("send", *EVENT, "--wait", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    [delivery] = json.loads(done.stdout)["deliveries"]
    assert (delivery["state"], delivery["result"]) == (
        "done", {"number": "4611DEC3", "of": ["strangers", "strangers"], "templates": True},
    )  # fmt: skip
    assert list(installed.empty.iterdir()) == []
    # What the project's own modules log is in the run's log, and on the worker's console.
    of_the_run = {"logs": {"flow_run_id": {"any_": [delivery["flowRunId"]]}}}
    wait_until(
        lambda: "confirming 1001" in str(installed.stack.ask_prefect("/logs/filter", of_the_run)), 30, "the run's log"
    )
    assert "confirming 1001" in (installed.stack.home / "logs" / "worker.log").read_text()


def test_an_application_that_is_removed_keeps_what_waits_for_its_return(installed: Installed):
    stack = installed.stack
    stack.ensure_running()
    assert stack.groundwork("pause", "confirm-order", "--workspace", "acme").returncode == 0
    waiting = stack.groundwork("send", *EVENT).stdout.strip()
    wait_until(lambda: installed.status(waiting)["state"] == "queued", 30, "the event waits")
    stack.end(signal.SIGINT)

    with_its_deployment = installed.wiring.read_text()
    stack.environment["GROUNDWORK_APPLICATIONS"] = "operations"
    told = installed.refused()
    assert f"{installed.wiring}: the deployment confirm-order is triggered for job confirm-order, and no app" in told

    wiring = yaml.safe_load(with_its_deployment)
    wiring["deployments"] = [each for each in wiring["deployments"] if each["name"] != "confirm-order"]
    installed.wiring.write_text(yaml.safe_dump(wiring))
    stack.start()
    assert IS_GONE in stack.terminal.read_text()
    assert installed.status(waiting)["state"] == "queued"
    stack.end(signal.SIGINT)

    del stack.environment["GROUNDWORK_APPLICATIONS"]
    told = installed.refused()
    assert (
        f"Job confirm-order has no deployment. Add this block to {installed.wiring}:\n  - name: confirm-order" in told
    )

    installed.wiring.write_text(with_its_deployment)
    stack.start()
    assert stack.groundwork("resume", "confirm-order", "--workspace", "acme").returncode == 0
    wait_until(lambda: installed.status(waiting)["state"] == "done", 90, "what waited runs")
