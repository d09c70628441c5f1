"""What goes first where an agency's import has filled its lanes, and workers are short."""

from datetime import UTC, datetime
from uuid import uuid4

from groundwork.events.inbox import send_many
from groundwork.events.inbox.admission import LightCapacity, admit
from groundwork.events.nurture.crm import CrmPushWanted
from groundwork.events.nurture.leads import EngagementRecorded, IntentScoreWanted
from groundwork.events.nurture.sequences import SequenceStored
from tests.integration.nurture.agencies import ACME


def test_engagement_and_scores_overtake_an_import_and_its_mails_wait_for_all_else(db, registered, pass_time):
    mails = [SequenceStored(workspace_id=ACME, contact_id=f"c-{n}", sequence_id=uuid4()) for n in range(10)]
    pushes = [CrmPushWanted(workspace_id=ACME, contact_id="c-1", reason="sequence")]
    said = {"workspace_id": ACME, "contact_id": "c-1", "kind": "open", "channel": "email"}
    opened = EngagementRecorded(engagement_id="e-1", occurred_at=datetime.now(UTC), **said)
    for events in (mails, pushes, [opened], [IntentScoreWanted(workspace_id=ACME, contact_id="c-1")]):
        with db.transaction() as connection:
            send_many(events, connection)
    pass_time(5)
    looks = [admit(room, light=LightCapacity(room, 0.0)) for room in range(1, 25)]
    order = [each.job for look in looks for each in look if each.light]
    assert sorted(order[:2]) == ["record-engagement", "score-intent"]
    assert order[2:] == ["send-sequence"] * 5  # as many as its lane has room for
    # Pushes are runs of their own, which none of these stands in the way of.
    assert [each.job for each in looks[0] if not each.light] == ["push-to-crm"]
