"""Events that were kept without a type, accepted once there is one."""

from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from groundwork.blocks.database import database
from groundwork.blocks.errors import NotStorable
from groundwork.blocks.ingest_keys import OF_KEY
from groundwork.deployments.gateway.inngest_event import InngestEvent, Place
from groundwork.events.base import Event
from groundwork.events.catalogue import sendable_types
from groundwork.events.inbox import NewEvent, accept
from groundwork.events.inbox.unknown import KeptEvent, drop_unknown, lock_unknown
from groundwork.events.misfit import field_faults

_AT_ONCE = 500
"""Events of one transaction."""
_MOST_TOLD = 10


@dataclass
class Replayed:
    """What became of the kept events of a name.

    Attributes:
        accepted: got a type and are delivered.
        duplicates: had been sent again meanwhile, and were accepted then.
        misfits: do not fit the type, and are kept.
        faults: of the first misfits, each with the event's id.
    """

    name: str
    accepted: int = 0
    duplicates: int = 0
    misfits: int = 0
    faults: list[str] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        """As the command line gives it."""
        return vars(self)


def replay_unknown(name: str, *, workspace_id: str | None = None, dry_run: bool = False) -> Replayed:
    """Accept the kept events of a name that has a type now, in the order in which they came.

    Args:
        workspace_id: of these events only; None for all.
        dry_run: change nothing.

    Raises:
        KeyError: no event type has the name.
    """
    kind = sendable_types()[name]
    done = Replayed(name)
    behind, more = 0, True
    while more:
        with database().transaction() as connection:
            kept = lock_unknown(connection, name, workspace_id=workspace_id, behind=behind, most=_AT_ONCE)
            fitting = {each.id: new for each in kept if (new := _typed(each, kind, done)) is not None}
            if dry_run:
                done.accepted += len(fitting)
            else:
                accepted = accept(connection, list(fitting.values()))
                drop_unknown(connection, list(fitting))
                done.duplicates += sum(each.duplicate for each in accepted)
                done.accepted += sum(not each.duplicate for each in accepted)
        behind = kept[-1].sequence if kept else behind
        more = len(kept) == _AT_ONCE
    return done


def _typed(kept: KeptEvent, kind: type[Event], done: Replayed) -> NewEvent | None:
    """The event for the inbox; None, and the reason among the faults, where it does not fit."""
    try:
        sent = InngestEvent.model_validate(kept.document)
        where = kind.workspace_from or kept.workspace_from
        # For another workspace nobody has asked whether the key may send.
        if where != OF_KEY and (found := sent.workspace_at(where)) != kept.workspace_id:
            raise NotStorable(f"{where} has the workspace {found!r}; it was accepted for {kept.workspace_id!r}")
        new = sent.typed(kind, sent.data_for(kind, Place(where, kept.workspace_id)), kept.source)
    except ValidationError as error:
        reason = "; ".join(str(each) for each in field_faults(error)[:_MOST_TOLD])
    except NotStorable as error:
        reason = str(error)
    else:
        occurred_at = sent.occurred_at or kept.occurred_at
        return replace(new, id=kept.id, request_id=kept.request_id, occurred_at=occurred_at)
    done.misfits += 1
    if len(done.faults) < _MOST_TOLD:
        done.faults.append(f"event {kept.id} of {kept.workspace_id}: {reason}")
    return None
