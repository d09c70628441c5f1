"""Which job a test means."""

from collections.abc import Sequence

from groundwork.blocks.errors import UnknownName
from groundwork.blocks.suggestions import did_you_mean
from groundwork.events.base import Event
from groundwork.flows.registry import jobs


def the_listener(event: Event, listening: Sequence[str], job: str | None) -> str:
    """The one job that an event is to be run by.

    Args:
        listening: the jobs that listen to it.
        job: the one that the test names; None where it names none.

    Raises:
        UnknownName: nobody listens, several do and none is named, or the named one does not listen.
    """
    __tracebackhide__ = True
    if job is not None:
        if job in listening:
            return job
        if job in jobs():
            raise UnknownName(f"job {job} listens to {jobs()[job].options.on.event_name}, not to {event.event_name}")
        raise UnknownName(f"unknown job {job!r}{did_you_mean(job, dict.fromkeys(listening))}")
    if not listening:
        known = ", ".join(f"{each.name} ({each.options.on.event_name})" for each in jobs().values()) or "none"
        raise UnknownName(
            f"no job listens to {event.event_name}, so that run_now() has nothing to run. Jobs are {known}. If one is "
            "missing, its application is not loaded: install the package, or name it by groundwork_applications in "
            "pytest's settings"
        )
    if len(listening) > 1:
        names = ", ".join(listening)
        raise UnknownName(
            f"{len(listening)} jobs listen to {event.event_name}: {names}. Say which: run_now(event, "
            f"job={listening[0]!r}), or let all run: send(event), then drain()"
        )
    return listening[0]
