"""A job that does next to nothing, of which there are many runs."""

from groundwork.events.base import Event
from groundwork.flows.job import job


class ShareWanted(Event, name="test/share.wanted"):
    number: int


@job(on=ShareWanted, lane=100)
def take_share(event: ShareWanted) -> int:
    return event.number
