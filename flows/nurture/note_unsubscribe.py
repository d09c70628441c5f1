"""The job ``note-unsubscribe`` of the nurture app: a contact wants no more mails, whoever it told."""

from groundwork.events.nurture.contacts import ContactUnsubscribed
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.nurture.contacts.steps import note_unsubscribed


@job(on=ContactUnsubscribed, light=True, batch=Batch(size=100, wait=0.2))
def note_unsubscribe(events: list[ContactUnsubscribed]) -> None:
    """Note who wants no more mails; none is sent from then on, whatever category they are given."""
    note_unsubscribed(events)
