"""Waiting in a job's body, which holds no worker: for a time, for an event, for another job.

Each wait has a name of its own in the job. The first run that comes to it sets it up, gives its worker's place back and
ends as ``Suspended``; when it is answered or over, another run goes on from the top of the body: finished steps are
skipped, finished waits tell what they told before. ``docs/waiting.md`` has what follows from that.

Names and meanings follow Inngest's ``step.sleep``, ``step.waitForEvent`` and ``step.invoke``.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from groundwork.blocks.errors import ConfigurationError, InvokedJobFailed, NonRetriable, WaitedTooLong
from groundwork.events.base import Event
from groundwork.events.identifiers import STORED
from groundwork.events.inbox import Attempt, current_attempt
from groundwork.events.inbox.wait import Wait, answer_to
from groundwork.tasks.step_calls import is_in_body, require_ended_steps
from groundwork.tasks.step_task import current_step

E = TypeVar("E", bound=Event)

LONGEST = timedelta(days=366)
"""The longest wait."""
LONGEST_NAME = 200
"""Characters of a wait's name."""


def sleep(name: str, seconds: float | timedelta | None = None, *, until: datetime | None = None) -> None:
    """Go on after a time, without holding a worker meanwhile.

    Args:
        name: of the wait, unique in the job. In a loop: ``f"reminder-{n}"``.
        seconds: how long, 366 days at most.
        until: a time with its zone, instead of ``seconds``. One that has passed does not wait.

    Raises:
        ConfigurationError: not in a job's body; an async step is under way; the name is used twice in one run;
            neither or both of ``seconds`` and ``until``; the time is negative, without zone or beyond 366 days.
    """
    if (seconds is None) == (until is None):
        raise ConfigurationError(f"sleep({name!r}): say how long: seconds, or until when: until=…")
    if until is not None:
        if until.tzinfo is None:
            raise ConfigurationError(f"sleep({name!r}): until={until} has no zone; use datetime.now(UTC) + …")
        if until - datetime.now(UTC) > LONGEST:
            raise ConfigurationError(f"sleep({name!r}): until={until} is beyond {LONGEST.days} days")
    length = None if seconds is None else _seconds(f"sleep({name!r})", "seconds", seconds)
    answer_to(_attempt(f"sleep({name!r})", name), Wait(name=name, kind="sleep", seconds=length, until=until))


def wait_for_event(
    name: str,
    event: type[E],
    *,
    timeout: float | timedelta,
    match: str | Mapping[str, Any] | None = None,
    since: datetime | None = None,
) -> E | None:
    """The first event of a type that fits and that this workspace accepts, without holding a worker until it comes.

    An event that was accepted after the job's own is found, although it came before the wait was set up. One event
    answers one wait of a delivery, and any number of deliveries.

    Args:
        name: of the wait, unique in the job.
        event: the type that is waited for.
        timeout: seconds from the first call on, 366 days at most.
        match: a field that has to be equal in both events; or fields with the values that they have to have. Default:
            any event of the type in the workspace.
        since: accept events from then on, which may be before the job's own event.

    Returns:
        The event, or None where the time was over first.

    Raises:
        ConfigurationError: not in a job's body; the name is used twice in one run; the event has no such field; the
            timeout is negative or beyond 366 days.
        NonRetriable: the job's own event has no value in the field that has to be equal, or the event that came does
            not fit its type any more.
    """
    call = f"wait_for_event({name!r})"
    attempt = _attempt(call, name)
    if not (isinstance(event, type) and issubclass(event, Event) and event.event_name):
        raise ConfigurationError(f"{call}: an event type with a name is wanted, not {event!r}")
    if since is not None and since.tzinfo is None:
        raise ConfigurationError(f"{call}: since={since} has no zone; use datetime.now(UTC) - …")
    wait = Wait(
        name=name,
        kind="event",
        seconds=_seconds(call, "timeout", timeout),
        event_name=event.event_name,
        match=_match(call, attempt.event, event, match),
        since=since,
    )
    data = answer_to(attempt, wait)
    if data is None:
        return None
    try:
        return event.model_validate(data, context=STORED)
    except ValidationError as error:
        raise NonRetriable(f"{call}: the {event.event_name} that came does not fit its type: {error}") from None


def invoke(name: str, event: Event, *, timeout: float | timedelta, job: str | None = None) -> Any:
    """Have another job run for an event, and go on with its result, without holding a worker meanwhile.

    Args:
        name: of the wait, unique in the job. Its event is sent once, however often the job runs again.
        event: of the same workspace.
        timeout: seconds, 366 days at most. The other job goes on when they are over.
        job: name of the job whose result is wanted, where several listen.

    Returns:
        What the other job returned, as JSON keeps it.

    Raises:
        InvokedJobFailed: the other job failed for good or was cancelled.
        WaitedTooLong: it has not ended in time.
        ConfigurationError: not in a job's body; the name is used twice in one run; no job listens, or several do and
            none is named; the event is of another workspace; the timeout is negative or beyond 366 days.
    """
    call = f"invoke({name!r})"
    attempt = _attempt(call, name)
    if event.workspace_id != attempt.event.workspace_id:
        raise ConfigurationError(
            f"{call}: the event is of workspace {event.workspace_id}, and the job's of {attempt.event.workspace_id}"
        )
    wait = Wait(name=name, kind="job", seconds=_seconds(call, "timeout", timeout), target_job=job)
    answer = answer_to(attempt, wait, event)
    if answer is None:
        raise WaitedTooLong(f"{call}: the job has not ended in {wait.seconds:g} s")
    if answer["state"] != "done":
        raise InvokedJobFailed(f"{call}: the job {answer['state']}: {answer['error']}")
    return answer["result"]


def _attempt(call: str, name: str) -> Attempt:
    """The attempt whose body calls, and which has not used this name before."""
    attempt = current_attempt()
    if attempt is None or not is_in_body() or current_step() is not None:
        where = f"the step {current_step()}" if current_step() else "no job's body"
        raise ConfigurationError(f"{call}: this is {where}. Wait in the body of a job, between its steps")
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ConfigurationError(f"{call}: a name of 1 to {LONGEST_NAME} printable characters is wanted")
    if not attempt.may_wait:
        raise ConfigurationError(
            f"{call}: job {attempt.job} takes batches, whose events would all wait for one. Send a follow-on event to "
            "a job without batch, and wait there"
        )
    if name in attempt.waits:
        raise ConfigurationError(
            f"{call}: this run has used the name before, and the second would get the answer of the first. Number it: "
            f'f"{name}-{{n}}"'
        )
    require_ended_steps(call)
    attempt.waits.add(name)
    return attempt


def _seconds(call: str, name: str, value: float | timedelta) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not isfinite(seconds):
        raise ConfigurationError(f"{call}: {name}={value!r} is no number of seconds, and no timedelta")
    if not 0 <= seconds <= LONGEST.total_seconds():
        raise ConfigurationError(f"{call}: {name}={value!r}: 0 s to {LONGEST.days} days")
    return float(seconds)


def _match(call: str, own: Event, awaited: type[Event], match: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """The fields that the awaited event has to have, in wire form."""
    if match is None:
        return {}
    if isinstance(match, str):
        wire_name = _wire_name(call, awaited, match)
        value = own.wire().get(_wire_name(call, type(own), match))
        if value is None:
            raise NonRetriable(
                f"{call}: the job's own {own.event_name} has no {match}, so any event without one would do"
            )
        return {wire_name: value}
    wanted = {}
    for field, value in match.items():
        try:
            wire = to_jsonable_python(value, by_alias=True)
        except PydanticSerializationError:
            wire = None
        if wire is None or isinstance(wire, list | dict):
            raise ConfigurationError(
                f"{call}: match={match!r} has a value that is no single one: a text, number, id or date"
            )
        wanted[_wire_name(call, awaited, field)] = wire
    return wanted


def _wire_name(call: str, event: type[Event], field: str) -> str:
    found = event.model_fields.get(field)
    if found is None:
        raise ConfigurationError(
            f"{call}: {event.__name__} has no field {field!r} to match by; it has {', '.join(event.model_fields)}"
        )
    return found.alias or field
