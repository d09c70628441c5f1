"""A short storm; ``make chaos`` runs a long one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.stack.running import PROJECT

SEED = 1311
"""Of a schedule with every fault of short storms, and most of the storm left when the zombie wakes."""


@pytest.mark.timeout(420)
def test_a_short_storm_loses_nothing_doubles_nothing_and_leaves_nothing_behind(tmp_path: Path):
    output = tmp_path / "chaos.json"
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GROUNDWORK_", "PREFECT_"))}
    arguments = ("--minutes", "0.3", "--events", "100", "--seed", str(SEED), "--output", str(output))
    storm = subprocess.run(
        [sys.executable, "-m", "tests.chaos.storm", *arguments], cwd=PROJECT, env=own, capture_output=True, text=True
    )
    assert storm.returncode == 0, storm.stdout + storm.stderr
    report = json.loads(output.read_text())
    assert report["kills"] > 0
    assert report["answers_lost"] > 0
    assert report["events"] == 100
    assert report["mails"] == 2 + 4, "of two imports, and of four users, one of whom signs up twice"
