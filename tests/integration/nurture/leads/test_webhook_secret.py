"""The secret of an agency's webhook, as an operator asks for it."""

import json

import pytest
from typer.testing import CliRunner

from groundwork.blocks.errors import NonRetriable
from groundwork.deployments.cli import program
from groundwork.tasks.nurture.webhooks.signing import webhook_secrets
from tests.integration.nurture.leads.agency import ACME, add_agency


@pytest.fixture
def groundwork(db):
    """Run a command; its error, if it raises one that the entry point prints, is raised."""

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(program(), ["nurture", "webhook-secret", "--workspace", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout

    return run


def test_it_is_printed_and_stays_until_it_is_rotated(db, groundwork):
    add_agency(db)
    first = groundwork("acme")
    assert groundwork("acme") == first == f"{webhook_secrets(ACME, 1)[0]}\n"
    second = json.loads(groundwork("acme", "--rotate", "--json"))
    assert (second["version"], second["secret"]) == (2, webhook_secrets(ACME, 2)[0])
    assert webhook_secrets(ACME, 2)[1] == first.strip()


def test_an_agency_that_there_is_not_has_none(groundwork):
    with pytest.raises(NonRetriable, match=r"globex has no agency"):
        groundwork("globex", "--rotate")
