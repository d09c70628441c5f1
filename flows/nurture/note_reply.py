"""The job ``note-reply`` of the nurture app: a contact has answered, so its sequence has ended."""

from groundwork.events.nurture.contacts import ContactReplied
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.nurture.contacts.steps import note_replies


@job(on=ContactReplied, light=True, batch=Batch(size=100, wait=0.2))
def note_reply(events: list[ContactReplied]) -> None:
    """Note when contacts answered; mails that are due later are not sent."""
    note_replies(events)
