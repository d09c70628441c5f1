"""Which benchmarks `make bench ONLY=…` runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from groundwork.blocks.applications import registered_names
from tests.benchmarks.chosen import OF_APPLICATIONS, chosen, known

PROJECT = Path(__file__).parents[2]


def test_an_application_stands_for_all_benchmarks_of_its_jobs():
    assert chosen("fitness") == ["readings", "scores", "feed"]
    assert chosen("nurture") == ["nurture_contacts", "nurture_scores"]


def test_each_is_run_once_in_the_order_that_was_asked_for():
    assert chosen("feed,import,fitness") == ["feed", "import", "readings", "scores"]


def test_without_a_name_all_are_run():
    assert chosen(None) == known()


def test_no_benchmark_has_the_name_of_an_application():
    assert not OF_APPLICATIONS.keys() & set(known())
    assert OF_APPLICATIONS.keys() <= registered_names()


@pytest.mark.parametrize("words", ["fitnes", "", "import,"])
def test_an_unknown_name_is_refused_with_those_that_there_are(words):
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", f"--only={words}"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 2
    assert "fitness (readings, scores, feed)" in run.stderr
