"""The README's program is what `groundwork new project` writes, and runs at once."""

import json
import re
import signal

import pytest

from tests.integration.newcomer.conftest import Newcomer
from tests.integration.newcomer.printed import PROJECT, blocks, commands, files, fits

README = PROJECT / "README.md"

pytestmark = pytest.mark.as_written


def test_the_program_of_the_readme_is_what_new_project_writes(shop: Newcomer):
    printed = files(README)
    assert len(printed) == 4
    for path, content in printed.items():
        assert (shop.folder / path).read_text() == content.partition("\n")[2]
    [deployment] = blocks(README, "yaml")
    assert (shop.folder / "prefect.yaml").read_text().endswith(f"\n\n{deployment}")
    lines = deployment.count("\n") + sum(content.count("\n") - 1 for content in printed.values())
    assert f"It has one job already, in {lines} lines." in README.read_text()


@pytest.mark.timeout(600)
def test_the_program_of_the_readme_runs_as_it_is_printed(shop: Newcomer):
    printed = {each.text: each for block in blocks(README, "console") for each in commands(block)}
    demo = shop.types("make demo")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert fits(demo.stdout.replace("\n", ""), printed["make demo"].answer)

    [curl] = [each for text, each in printed.items() if text.startswith("curl ")]
    sent = shop.types(curl.text)
    assert sent.returncode == 0, sent.stderr
    assert fits(sent.stdout, curl.answer)
    [event_id] = json.loads(sent.stdout)["ids"]
    again = shop.types(curl.text)
    assert json.loads(again.stdout) == {"ids": [event_id], "accepted": 0, "duplicates": 1}

    test = shop.types("make test")
    assert test.returncode == 0, test.stdout + test.stderr
    assert "1 passed" in test.stdout


@pytest.mark.timeout(600)
def test_the_next_job_of_the_readme_runs_after_the_next_start(shop: Newcomer):
    [command] = re.findall(r"`(groundwork new job cancel-order [^`]+)`", README.read_text())
    made = shop.types(f"source .venv/bin/activate && {command} --json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["blockAdded"]
    shop.stack.end(signal.SIGINT)
    shop.stack.start()
    done = shop.types(json.loads(made.stdout)["next"][-1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cancel-order: done" in done.stdout
    assert 'result: "cancel-order: acme"' in done.stdout
