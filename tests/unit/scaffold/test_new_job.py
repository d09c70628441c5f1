"""`groundwork new job` in a project that is installed: what it writes fits, and it refuses with the cure."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.deployments.scaffold.files import write_all
from groundwork.deployments.scaffold.project import NewProject

PROGRAM = [sys.executable, "-m", "groundwork.deployments.cli", "new", "job"]
CHECK = """
from groundwork.deployments.wiring.project import deployments_of, project_folders
from groundwork.deployments.wiring.check import check_wiring
from groundwork.events.catalogue import event_types
from groundwork.flows.registry import jobs
check_wiring(jobs(), deployments_of(project_folders()))
print(*(name for name in jobs() if name != "note-bounce"))
print(*(f"{name}={each.__name__}" for name, each in event_types().items() if not name.startswith("mail/")))
"""


class Shop:
    """A project, and an interpreter that has it installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "shop"
        write_all(self.folder, NewProject("shop", "0", "groundwork==0").contents)
        installed = folder / "installed"
        (installed / "shop").mkdir(parents=True)
        for room in ("blocks", "deployments", "events", "flows", "notifications", "tasks"):
            (installed / "shop" / room).symlink_to(self.folder / room)
        facts = installed / "shop-1.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1\n")
        (facts / "entry_points.txt").write_text("[groundwork.applications]\nshop = shop.flows:application\n")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GROUNDWORK_")}
        self.environment = inherited | {"PYTHONPATH": str(installed)}

    def new_job(
        self, *arguments: str, folder: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return self._run([*PROGRAM, *arguments], folder or self.folder, variables)

    def checked(self) -> list[str]:
        """Its jobs, and event types with their classes, where its wiring fits."""
        done = self._run([sys.executable, "-c", CHECK], self.folder, {})
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def _run(self, command: list[str], folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=folder, env=self.environment | variables, capture_output=True, text=True, timeout=120
        )

    @property
    def files(self) -> dict[str, str]:
        return {
            each.relative_to(self.folder).as_posix(): each.read_text()
            for each in self.folder.rglob("*")
            if each.is_file() and "__pycache__" not in each.parts
        }


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_job_on_a_new_event_fits_its_wiring(shop: Shop):
    before = shop.files
    done = shop.new_job("cancel-order", "--on", "order/order.cancelled", folder=shop.folder / "flows")
    assert done.returncode == 0, done.stderr
    new = {"events/order_cancelled.py", "flows/cancel_order.py", "tasks/cancel_order.py", "tests/test_cancel_order.py"}
    assert shop.files.keys() - before.keys() == new
    assert {path for path in before if shop.files[path] != before[path]} == {"prefect.yaml"}
    assert shop.files["prefect.yaml"].startswith(before["prefect.yaml"])
    assert all(f"  {path}\n" in done.stdout for path in new)
    assert done.stdout.endswith(
        "Next:\n  make test\n  make up\n"
        '  groundwork send order/order.cancelled \'{"workspaceId": "acme", "orderId": "1001"}\' --wait\n'
    )
    assert shop.checked() == [
        "cancel-order confirm-order",
        "order/order.cancelled=OrderCancelled order/order.placed=OrderPlaced",
    ]


def test_an_event_that_the_catalogue_has_is_listened_to_and_sampled(shop: Shop):
    (shop.folder / "events" / "leads.py").write_text(
        "from datetime import datetime\nfrom typing import Literal\n\nfrom pydantic import BaseModel, Field\n\n"
        "from groundwork.events.base import UserEvent\n\n\n"
        "class Source(BaseModel):\n    page: str\n\n\n"
        "class Filled(UserEvent, name='lead/form.filled'):\n"
        "    filled_at: datetime\n    kind: Literal['demo', 'price']\n    source: Source\n"
        "    score: int = Field(gt=4)\n    note: str | None = None\n"
    )
    done = shop.new_job("score-lead", "--on", "lead/form.filled", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert not told["eventIsNew"]
    assert told["blockAdded"]
    assert sorted(told["files"]) == ["flows/score_lead.py", "tasks/score_lead.py", "tests/test_score_lead.py"]
    assert shop.checked()[0] == "confirm-order score-lead"
    written = shop.files["tests/test_score_lead.py"]
    assert "from groundwork.events.identifiers import UserId, WorkspaceId\n" in written
    [call] = [line for line in written.splitlines() if "run_now" in line]
    program = (
        "from groundwork.events.identifiers import UserId, WorkspaceId\nfrom shop.events.leads import Filled\n"
        + call.strip().replace("delivery = groundwork.run_now", "print")
    )
    event = shop._run([sys.executable, "-c", program], shop.folder, {})
    assert event.returncode == 0, event.stderr
    assert "score=5" in event.stdout


def test_everything_that_is_in_the_way_is_listed_and_nothing_is_written(shop: Shop):
    (shop.folder / "events" / "order_cancelled.py").write_text("mine = 1\n")
    (shop.folder / "tests" / "test_cancel_order.py").symlink_to("nowhere")
    before = shop.files
    done = shop.new_job("cancel-order", "--on", "order/order.cancelled")
    assert done.returncode == 2
    assert "has these already: events/order_cancelled.py, tests/test_cancel_order.py. " in done.stderr
    assert shop.files == before


def test_where_the_block_cannot_be_added_it_is_printed_with_the_place(shop: Shop):
    wiring = shop.folder / "prefect.yaml"
    wiring.write_text(wiring.read_text() + "\nx-ours: 1\n")
    before = wiring.read_text()
    done = shop.new_job("cancel-order", "--on", "order/order.cancelled")
    assert done.returncode == 1
    assert f"{wiring} does not end with its deployments" in done.stdout
    assert "  - name: cancel-order\n    entrypoint: shop.flows.cancel_order.cancel_order\n" in done.stdout
    assert wiring.read_text() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["confirm-order", "--on", "order/order.placed"],
            "there is a job confirm-order already: shop.flows.confirm_order",
        ),
        (["apply-retention", "--on", "order/order.placed"], "has a deployment apply-retention already"),
        (["ConfirmOrder", "--on", "order/order.placed"], "Did you mean confirm-order?"),
        (["cancel-order", "--on", "order.cancelled"], "such as order/order.placed"),
        (["cancel-order"], "--on"),
        (["cancel-order", "--on", "order/order.placed", "--project", "flows"], "there is no prefect.yaml in it"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_may_not_be_is_refused_and_nothing_is_written(shop: Shop, arguments: list[str], said: str):
    before = shop.files
    done = shop.new_job(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert shop.files == before


def test_outside_of_a_project_it_says_how_to_make_one(shop: Shop, tmp_path: Path):
    done = shop.new_job("cancel-order", "--on", "order/order.cancelled", folder=tmp_path)
    assert done.returncode == 2
    assert "groundwork new project DIR" in done.stderr


def test_a_project_that_is_not_installed_is_refused_with_the_way_to_install_it(shop: Shop, tmp_path: Path):
    done = shop.new_job("cancel-order", "--on", "order/order.cancelled", PYTHONPATH="")
    assert done.returncode == 2
    assert "is no application that is installed here" in done.stderr
    assert "`make test` installs it" in done.stderr
