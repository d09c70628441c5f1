"""The deliveries of an attempt: those that a run can work on, and those whose events it cannot read."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from groundwork.events.base import Event
from groundwork.events.inbox.delivered import Delivered
from groundwork.events.misfit import Misfit, read_event


@dataclass(frozen=True)
class Member:
    """One delivery of an attempt: the only one, or one of a batch."""

    delivery_id: UUID
    event_id: UUID
    correlation_id: UUID
    event: Event


@dataclass(frozen=True)
class MisfitMember:
    """A delivery whose event does not fit its type."""

    delivery_id: UUID
    event_id: UUID
    event: Misfit


def read_members(deliveries: Sequence[Delivered], on: type[Event]) -> tuple[list[Member], list[MisfitMember]]:
    """The deliveries with their events, in order: those that fit the type, and those that do not.

    Raises:
        ConfigurationError: an application cannot be loaded.
    """
    members: list[Member] = []
    misfits: list[MisfitMember] = []
    for each in deliveries:
        event = read_event(each.event_name, each.data, each.workspace_id, on)
        if isinstance(event, Misfit):
            misfits.append(MisfitMember(each.id, each.event_id, event))
        else:
            members.append(Member(each.id, each.event_id, each.correlation_id, event))
    return members, misfits
