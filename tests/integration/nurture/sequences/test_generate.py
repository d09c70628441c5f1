"""From a category to a stored sequence, with Prefect's real engine."""

from datetime import UTC, datetime, timedelta

from tests.integration.nurture.agencies import ACME, add_agency, contact, give, rows, sent_events


def test_a_category_becomes_a_sequence_of_three_mails_in_the_agencys_voice(db, go):
    add_agency(db)
    give(db)
    states = go("start-sequence", "generate-sequence")
    assert [each.type.value for each in states] == ["COMPLETED", "COMPLETED"]
    [sequence] = rows(db, "sequence")
    assert (sequence["contact_id"], sequence["category"], sequence["source"]) == ("c-1", "buyer", "builtin")
    assert (sequence["fallback_reason"], sequence["attempts"], sequence["voice_version"]) == (None, 0, 1)
    mails = rows(db, "sequence_mail")
    assert [each["number"] for each in mails] == [1, 2, 3]
    assert mails[0]["body"].startswith("Hello Grace,\n\n")
    assert mails[0]["body"].endswith("\n\nWarm regards,\nThe Acme team")
    assert [each["send_after_days"] for each in mails] == [0, 2, 7]
    assert [each["reason"] for each in sent_events(db, "crm/sync.push")] == ["category", "sequence"]
    [fact] = rows(db, "crm_fact")
    assert (fact["field"], fact["value"]) == ("sequence", "; ".join(each["subject"] for each in mails))
    assert sent_events(db, "nurture/sequence.stored") == [
        {"workspaceId": ACME, "contactId": "c-1", "sequenceId": str(sequence["id"])}
    ]


def test_a_hundred_contacts_are_one_run_with_one_outcome_each(db, go):
    add_agency(db)
    for number in range(100):
        give(db, contact(f"c-{number}"), "landlord")
    states = go("start-sequence", "generate-sequence")
    assert len(states) == 2
    assert len(rows(db, "sequence")) == 100
    assert len({each["body"] for each in rows(db, "sequence_mail")}) >= 24


def test_a_category_that_changed_meanwhile_gets_the_later_sequence_only(db, go):
    add_agency(db)
    now = datetime.now(UTC)
    give(db, category="buyer", at=now)
    give(db, category="vendor", at=now + timedelta(seconds=1))
    go("start-sequence", "generate-sequence")
    assert [each["category"] for each in rows(db, "sequence")] == ["vendor"]
