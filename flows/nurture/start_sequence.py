"""The job ``start-sequence`` of the nurture app: what follows from a category that was given."""

from groundwork.events.nurture.contacts import ContactCategorised
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.nurture.contacts.steps import send_follow_ons


@job(on=ContactCategorised, light=True, batch=Batch(size=500, wait=0.2))
def start_sequence(events: list[ContactCategorised]) -> None:
    """Ask for what a new category brings about, each as a delivery of its own."""
    send_follow_ons(events)
