"""The job ``send-sequence`` of the nurture app: the mails of a sequence go out on their days."""

from typing import Any

from groundwork.events.nurture.contacts import ContactCategorised, ContactReplied, ContactUnsubscribed
from groundwork.events.nurture.sequences import SequenceStored
from groundwork.flows.flow_control import CancelOn
from groundwork.flows.job import job
from groundwork.flows.waiting import sleep
from groundwork.tasks.nurture.sequences.sending import finish_sequence, plan_mails, send_mail

STOPPED_BY = tuple(
    CancelOn(event=each, key="contact_id") for each in (ContactUnsubscribed, ContactReplied, ContactCategorised)
)


# Of a large import these are most of the runs by far, and the ones that can wait best: the rest of it goes first.
@job(on=SequenceStored, light=True, lane=5, priority=-1, cancel_on=STOPPED_BY)
def send_sequence(event: SequenceStored) -> dict[str, Any]:
    """Send each mail of a sequence on its day, as long as the contact may be written to."""
    sent = 0
    for mail in plan_mails(event.workspace_id, event.sequence_id):
        sleep(f"mail-{mail.number}", until=mail.due_at)
        outcome = send_mail(event.workspace_id, event.sequence_id, mail.number)
        if outcome.stopped:
            return {"sent": sent, "stopped": outcome.stopped}
        sent += 1
    finish_sequence(event.workspace_id, event.sequence_id)
    return {"sent": sent}
