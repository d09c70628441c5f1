"""What the parts of the application make reaches the agency's CRM: the words of a sequence, and how warm a lead is."""

from datetime import UTC, datetime

import pytest

from groundwork.events.nurture.leads import EngagementRecorded
from groundwork.tasks.nurture.leads.engagement import record_engagement
from tests.integration.nurture.agencies import ACME, add_agency, give, rows


def engage(db, *kinds: str) -> None:
    with db.transaction() as connection:
        for number, kind in enumerate(kinds):
            record_engagement(
                connection,
                EngagementRecorded(
                    workspace_id=ACME,
                    engagement_id=f"{kind}-{number}",
                    contact_id="c-1",
                    kind=kind,
                    channel="web",
                    occurred_at=datetime.now(UTC),
                ),
            )


def test_the_crm_has_the_subjects_of_the_sequence_that_was_written(db, go):
    add_agency(db)
    give(db, category="vendor")
    go("start-sequence", "generate-sequence", "push-to-crm")
    [contact] = rows(db, "crm_contact")
    assert contact["sequence"] == "; ".join(each["subject"] for each in rows(db, "sequence_mail"))
    assert contact["category"] == "vendor"


def test_the_crm_has_the_subjects_of_the_last_category_only(db, go):
    add_agency(db)
    for category in ("vendor", "landlord"):
        give(db, category=category)
        go("start-sequence", "generate-sequence", "push-to-crm")
    [latest] = [each["id"] for each in rows(db, "sequence") if each["category"] == "landlord"]
    subjects = [each["subject"] for each in rows(db, "sequence_mail") if each["sequence_id"] == latest]
    assert rows(db, "crm_contact")[0]["sequence"] == "; ".join(subjects)


@pytest.mark.parametrize(
    ("kinds", "band"), [(("valuation-request", "reply"), "hot"), (("site-visit",) * 3, "warm"), (("open",), None)]
)
def test_the_crm_has_score_and_band_of_a_lead_that_is_not_cold(db, go, kinds, band):
    add_agency(db)
    give(db)
    engage(db, *kinds)
    go("start-sequence", "generate-sequence", "record-engagement", "score-intent", "push-to-crm")
    [contact] = rows(db, "crm_contact")
    assert contact["intent_band"] == band
    [lead] = rows(db, "lead_score")
    assert contact["intent_score"] == (float(lead["score"]) if band else None)
