"""``groundwork nurture connect``: whose account it is, and a token that nobody else reads."""

import json

import pytest
from typer.testing import CliRunner, Result

from groundwork.blocks.database import Database
from groundwork.blocks.nurture.crm.credentials import credential_of
from groundwork.deployments.commands.nurture import app
from tests.factories import scalar
from tests.integration.nurture.crm.agencies import add_agency


@pytest.fixture
def agency(db: Database) -> Database:
    add_agency(db)
    return db


def connect(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(app, ["nurture", "connect", *words, "--workspace", "acme"], input=given)


def test_an_account_and_its_token_are_kept(agency: Database):
    result = connect("hubspot:62515", "--token", "access", "--option", "company_id=9", "--json", given="pat-9\n")
    assert result.exit_code == 0, result.output
    assert "pat-9" not in result.output
    assert json.loads(result.stdout)["account"] == "hubspot:62515"
    assert credential_of("hubspot:62515") == {"access_token": "pat-9", "company_id": "9"}
    assert scalar(agency, "SELECT crm || ' ' || crm_account FROM nurture.agency") == "hubspot hubspot:62515"


def test_an_option_alone_keeps_the_token(agency: Database):
    connect("hubspot:62515", "--token", "refresh", given="r-1\n")
    connect("hubspot:62515", "--option", "company_id=9")
    assert credential_of("hubspot:62515") == {"refresh_token": "r-1", "company_id": "9"}


def test_an_agency_may_go_back_to_the_table(agency: Database):
    connect("hubspot:62515", "--token", "access", given="pat-9\n")
    assert connect("table").exit_code == 0
    assert scalar(agency, "SELECT crm FROM nurture.agency WHERE crm_account IS NULL") == "table"


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (["hubspott:1"], "", "did you mean"),
        (["hubspot:x"], "", "id of the portal"),
        (["hubspot:1", "--token", "access"], "", "has no token"),
        (["hubspot:1", "--token", "access"], "two words \x00\n", "has no token"),
        (["hubspot:1", "--option", "access_token=x"], "", "comes by standard input"),
        (["hubspot:1", "--option", "x"], "", "name=value"),
    ],
)
def test_what_cannot_be_is_refused_with_the_cure(agency: Database, words: list[str], given: str, said: str):
    result = connect(*words, given=given)
    assert result.exit_code != 0
    assert said in " ".join(f"{result.output} {result.exception}".split()).replace("│ ", "")
    assert scalar(agency, "SELECT crm FROM nurture.agency") == "table"


def test_an_account_is_one_agencys(agency: Database):
    add_agency(agency, "globex", crm="hubspot", crm_account="hubspot:62515")
    result = connect("hubspot:62515", "--token", "access", given="pat-9\n")
    assert "another agency has the account" in str(result.exception)
    assert credential_of("hubspot:62515") is None


def test_a_workspace_without_agency_is_said(db: Database):
    assert "has no agency" in str(connect("table").exception)
