"""What an agency needs before it is written for, and the commands that make it."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from groundwork.blocks.database import Database
from groundwork.deployments.cli import program
from groundwork.events.inbox.dead_letters import dead_letters, replay
from groundwork.tasks.nurture.brand_voice import BrandVoice
from groundwork.tasks.nurture.sequences.draft import Draft, DraftMail
from groundwork.tasks.nurture.sequences.templates import keep_template
from groundwork.tasks.nurture.sequences.written import Written
from tests.factories import scalar
from tests.integration.nurture.agencies import ACME, add_agency, give, rows, set_voice

WRITING = "start-sequence", "generate-sequence"
AGENCY = (
    "agency", "set", "--workspace", "acme", "--name", "Acme Homes", "--website", "https://www.acme.example",
    "--email", "hello@acme.example", "--address", "1 High Street",
)  # fmt: skip
VOICE = "voice", "set", "--workspace", "acme", "--tone", "warm", "--sign-off", "Yours", "--signature", "Acme"


def nurture(*words: str) -> Result:
    return CliRunner().invoke(program(), ["nurture", *words])


def shown(*words: str) -> dict[str, Any]:
    result = nurture(*words, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.output))


@pytest.fixture
def template(db: Database) -> str:
    """The id of a template that waits for somebody."""
    add_agency(db)
    mails = tuple(DraftMail(subject=f"Note {n}", body=f"Words {n}.", send_after_days=n) for n in range(3))
    written = Written(draft=Draft(mails=mails), prompt_version="1", model="m", attempts=1)
    with db.transaction() as connection:
        keep_template(connection, ACME, "buyer", BrandVoice(**voice_of(db)), written=written)
    return str(rows(db, "template")[0]["id"])


def voice_of(db: Database) -> dict[str, Any]:
    return {name: value for name, value in rows(db, "brand_voice")[-1].items() if name in BrandVoice.model_fields}


@pytest.mark.parametrize("missing", ["voice", "agency"])
def test_what_is_missing_is_a_dead_letter_that_says_how_to_make_it_and_a_replay_goes_on(db, go, missing):
    if missing == "voice":
        assert nurture(*AGENCY).exit_code == 0
    else:
        set_voice(db)
    give(db)
    go(*WRITING)
    told = scalar(db, "SELECT last_error FROM groundwork.delivery WHERE state = 'failed'")
    assert f"groundwork nurture {missing} set --workspace acme" in told
    assert nurture(*(VOICE if missing == "voice" else AGENCY)).exit_code == 0
    with db.transaction() as connection:
        replay(connection, dead_letters(connection))
    go(*WRITING)
    assert len(rows(db, "sequence")) == 1


def test_an_agency_that_no_mail_can_be_sent_for_is_a_dead_letter_and_a_replay_sees_what_was_mended(db, go):
    add_agency(db, name="{{ name }}")
    give(db)
    go(*WRITING)
    assert "groundwork nurture agency show" in scalar(
        db, "SELECT last_error FROM groundwork.delivery WHERE state = 'failed'"
    )
    assert nurture("agency", "set", "--workspace", "acme", "--name", "Acme Homes").exit_code == 0
    with db.transaction() as connection:
        replay(connection, dead_letters(connection))
    go(*WRITING)
    assert len(rows(db, "sequence")) == 1


def test_an_agency_is_made_changed_and_shown(db):
    assert shown(*AGENCY)["writing"] == "templates"
    changed = shown("agency", "set", "--workspace", "acme", "--writing", "contacts", "--budget", "2.5")
    assert (changed["writing"], changed["daily_budget_micros"], changed["name"]) == (
        "contacts",
        2_500_000,
        "Acme Homes",
    )
    assert shown("agency", "show", "--workspace", "acme")["spent_today_micros"] == 0
    assert "0.00 $ spent" in nurture("agency", "show", "--workspace", "acme").output


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--website", "http://acme.example"), ("--website", "https://user@acme.example"), ("--website", "acme"),
        ("--email", "nobody"), ("--phone", "call me"), ("--time-zone", "Europe/Nowhere"), ("--domains", "*.example"),
        ("--name", "a\nb"), ("--time-zone", "../../etc/passwd"), ("--address", "x" * 301),
    ],
)  # fmt: skip
def test_what_mails_would_show_is_checked_before_it_is_stored(db, option, value):
    result = nurture(*AGENCY, option, value)
    assert result.exit_code != 0
    assert rows(db, "agency") == []


def test_a_voice_is_another_version_only_where_it_says_something_else(db):
    assert shown(*VOICE)["version"] == 1
    assert shown(*VOICE)["version"] == 1
    assert shown(*VOICE, "--greeting", "Good day")["version"] == 2
    assert shown("voice", "show", "--workspace", "acme")["greeting"] == "Good day"


def test_a_template_is_listed_shown_and_approved_once(db, template):
    [listed] = shown("templates", "--state", "pending")["templates"]
    assert listed["id"] == template
    assert "Words 1." in nurture("template", template).output
    assert shown("approve", template, "--by", "ada")["state"] == "approved"
    assert rows(db, "template")[0]["decided_by"] == "ada"
    again = nurture("approve", template)
    assert again.exit_code == 1
    assert nurture("reject", template).exit_code == 1


def test_a_rejected_template_stays_out_of_use_until_another_is_wanted(db, template):
    assert shown("reject", template)["state"] == "rejected"
    assert nurture("approve", template).exit_code == 1
    assert shown("reject", template, "--again")["state"] == "discarded"


def test_a_template_that_is_not_there_is_wrong_use(db):
    assert nurture("approve", "0199f0c2-7c1e-7d4a-a5d1-3f0c8a6d2b11").exit_code != 0
    assert nurture("approve", "nonsense").exit_code == 2
