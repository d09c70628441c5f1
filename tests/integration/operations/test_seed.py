"""``groundwork seed``: each application stores something to begin with, once."""

import json

import pytest
from typer.testing import CliRunner

from groundwork.blocks.applications import applications
from groundwork.blocks.database import Database
from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.cli import program
from groundwork.deployments.wiring.prepare import prepare_database
from tests.factories import scalar

SEEDS = [each.name for each in applications() if each.seed]


def seeded(*words: str) -> dict[str, int]:
    answer = CliRunner().invoke(program(), ["seed", *words, "--json"], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.output)["stored"]


def test_ours_have_seeds():
    assert SEEDS == ["contacts", "fitness", "nurture"]


@pytest.mark.parametrize("name", SEEDS)
def test_a_seed_is_stored_once_in_each_workspace_and_its_events_with_it(name: str, db: Database):
    prepare_database(db)
    assert min(seeded(name).values()) > 0
    events = scalar(db, "SELECT count(*) FROM groundwork.event")
    assert set(seeded(name).values()) == {0}
    assert scalar(db, "SELECT count(*) FROM groundwork.event") == events
    assert bool(events) == (name != "contacts")
    assert min(seeded(name, "--workspace", "another").values()) > 0


def test_a_misspelt_application_is_told_with_the_nearest(db: Database):
    with pytest.raises(ConfigurationError, match="no application 'contact' has a seed, did you mean 'contacts'"):
        CliRunner().invoke(program(), ["seed", "contact"], catch_exceptions=False)
