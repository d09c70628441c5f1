"""A deployment joins ``prefect.yaml``, and nothing else in it changes."""

import os
from pathlib import Path

import pytest
import yaml

from groundwork.deployments.scaffold.wiring import add_block, with_block
from groundwork.deployments.wiring.deployment_block import deployment_block

ROOT = Path(__file__).parents[3]
BLOCK = deployment_block("cancel-order", entrypoint="shop.flows.a.a", event_name="order/order.cancelled")
[DEPLOYMENT] = yaml.safe_load(BLOCK)


def test_our_own_file_takes_it_with_every_line_kept():
    before = (ROOT / "prefect.yaml").read_text()
    after = with_block(before, BLOCK)
    assert after is not None
    assert after.startswith(before.rstrip())
    assert yaml.safe_load(after)["deployments"][-1] == DEPLOYMENT


@pytest.mark.parametrize(
    "text",
    [
        "deployments:\n- name: a # why\n",
        "deployments:\n      - name: a\n        tags: [x]\n\n\n# the end",
        "a: 1\r\ndeployments:\r\n  - name: a\r\n  # the end\r\n",
        "deployments:\n  - {name: a}",
    ],
    ids=["flush", "deep, a comment at the end", "lines of Windows", "flow style within"],
)
def test_it_is_indented_as_the_others_are(text: str):
    after = with_block(text, BLOCK)
    assert after is not None
    assert after.startswith(text.rstrip())
    assert yaml.safe_load(after)["deployments"] == [{**yaml.safe_load(text)["deployments"][0]}, DEPLOYMENT]
    assert after.count("\r\n") in (0, after.count("\n"))


@pytest.mark.parametrize(
    "text",
    [
        "deployments:\n  - name: a\nwork_pools: []\n",
        "deployments: []\n",
        "deployments: [{name: a}]\n",
        "deployments:\n  - name: a\n    description: |\n      text\n---\nb: 1\n",
        "deployments:\n  - name: a\n...\n",
        "- a\n",
        "deployments: [",
        "",
    ],
)
def test_where_the_deployments_are_not_the_end_nothing_is_written(tmp_path: Path, text: str):
    file = tmp_path / "prefect.yaml"
    file.write_text(text)
    wiring = add_block(file, BLOCK)
    assert not wiring.added
    assert wiring.block == BLOCK
    assert file.read_text() == text
    assert os.listdir(tmp_path) == ["prefect.yaml"]


def test_the_file_keeps_its_mode(tmp_path: Path):
    file = tmp_path / "prefect.yaml"
    file.write_text("deployments:\n  - name: a\n")
    file.chmod(0o640)
    assert add_block(file, BLOCK).added
    assert file.stat().st_mode & 0o777 == 0o640
