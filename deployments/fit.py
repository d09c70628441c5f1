"""How many stored deliveries the jobs of this code can read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from groundwork.events.inbox.fit import StoredDelivery
from groundwork.events.misfit import FieldFault, Misfit, read_event
from groundwork.flows.registry import jobs

_FIRST = 5
"""Misfits of one event type and job that are told of one by one."""
_MOST_FAULTS = 10


@dataclass(frozen=True)
class FoundMisfit:
    """A delivery whose event does not fit.

    Attributes:
        faults: the first of them.
    """

    delivery_id: UUID
    event_id: UUID
    workspace_id: str
    faults: Sequence[FieldFault]


@dataclass
class Fit:
    """How the stored events of one type fit one job.

    Attributes:
        job_known: whether the code has the job. Where it does not, its deliveries are kept and not run.
        fitting: deliveries that the job can read, or would not be asked to.
        misfits: deliveries that it cannot, each of which would fail.
        first: some of those.
    """

    event_name: str
    job: str
    job_known: bool
    fitting: int = 0
    misfits: int = 0
    first: list[FoundMisfit] = field(default_factory=list)


def fits_of(deliveries: Iterable[StoredDelivery]) -> list[Fit]:
    """Read each delivery as its job would; one entry per event type and job, by name.

    Raises:
        ConfigurationError: an application cannot be loaded.
    """
    known = jobs()
    found: dict[tuple[str, str], Fit] = {}
    for each in deliveries:
        spec = known.get(each.job)
        fit = found.setdefault((each.event_name, each.job), Fit(each.event_name, each.job, spec is not None))
        event = read_event(each.event_name, each.data, each.workspace_id, spec.options.on) if spec else None
        if not isinstance(event, Misfit):
            fit.fitting += 1
            continue
        fit.misfits += 1
        if len(fit.first) < _FIRST:
            faults = event.faults[:_MOST_FAULTS]
            fit.first.append(FoundMisfit(each.id, each.event_id, each.workspace_id, faults))
    return [found[key] for key in sorted(found)]
