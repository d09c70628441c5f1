"""``groundwork events``: what is stored, and how it fits the types of the code."""

import json
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundwork.blocks.words import counted, printable
from groundwork.deployments.commands.options import HomeOption, JobOption, JsonOption, WorkspaceOption, inbox
from groundwork.deployments.commands.since import SinceOption

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from groundwork.deployments.fit import Fit
    from groundwork.events.inbox.unknown import UnknownName

EventArgument = Annotated[
    str, typer.Argument(help="The id that the event was accepted with, or of a delivery of it, or how it begins.")
]

app = typer.Typer(
    help="Stored events: list, show and retry them, and hold them against the event types of this code.",
    no_args_is_help=True,
)


@app.command("check")
def check(
    dead: Annotated[bool, typer.Option("--dead", help="Dead letters too, which somebody may replay.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how many stored events that wait or run fit the event types of the code that this command finds.

    Run it with the code that is about to be deployed. An event that does not fit fails alone, as a dead letter. Exit
    code 1 if there is one.

    Examples:

      groundwork events check

      groundwork events check --dead --json
    """
    with inbox(home) as connection:
        from groundwork.deployments.fit import fits_of
        from groundwork.events.inbox.fit import stored_deliveries

        found = fits_of(stored_deliveries(connection, dead=dead))
    misfits = sum(each.misfits for each in found)
    if as_json:
        checked = sum(each.fitting + each.misfits for each in found)
        print(json.dumps({"checked": checked, "misfits": misfits, "types": [_json(each) for each in found]}))
    else:
        print("\n".join(_lines(found)) or "nothing is stored that has not ended")
    if misfits:
        raise typer.Exit(1)


@app.command("unknown")
def unknown(workspace: WorkspaceOption = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the events of clients of Inngest that are kept since no event type has their name
    (GROUNDWORK_UNKNOWN_EVENTS=store), and whether one has it by now.

    Example:

      groundwork events unknown
    """
    with inbox(home) as connection:
        from groundwork.events.catalogue import sendable_types
        from groundwork.events.inbox.unknown import unknown_names

        found = unknown_names(connection, workspace_id=workspace)
        types = sendable_types()
    if as_json:
        print(json.dumps({"unknown": [_unknown_json(each, types) for each in found]}))
        return
    for each in found:
        typed = "an event type has it now: groundwork events replay" if each.name in types else "no event type has it"
        print(
            f"{printable(each.name)} of {printable(each.workspace_id)}: {counted(each.events, 'event')}, the last at "
            f"{each.last_at:%Y-%m-%d %H:%M:%S %Z}; {typed}"
        )
    if not found:
        print("no event is kept without a type")


@app.command("replay")
def replay(
    names: Annotated[list[str] | None, typer.Argument(help="As they were sent; none means all.")] = None,
    workspace: WorkspaceOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say which would be accepted, and change nothing.")
    ] = False,
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept kept events whose names have an event type now, in the order in which they came. Those that do not fit it
    are kept.

    Exit code 1 if one does not fit, if a name that was given has none, or if there was none to replay.

    Examples:

      groundwork events replay --dry-run

      groundwork events replay app/user.created
    """
    with inbox(home) as connection:
        from groundwork.deployments.unknown_events import replay_unknown
        from groundwork.events.catalogue import sendable_types
        from groundwork.events.inbox.unknown import unknown_names

        kept = {each.name for each in unknown_names(connection, workspace_id=workspace)}
        wanted = sorted(kept & set(names or kept) & set(sendable_types()))
        done = [replay_unknown(name, workspace_id=workspace, dry_run=dry_run) for name in wanted]
    missing = sorted(set(names or ()) - set(wanted))
    if as_json:
        print(json.dumps({"dryRun": dry_run, "replayed": [each.json() for each in done], "missing": missing}))
    else:
        for each in done:
            would = "would be accepted" if dry_run else "accepted"
            print(
                f"{printable(each.name)}: {each.accepted:,} {would}, {each.duplicates:,} were there already, "
                f"{each.misfits:,} do not fit"
            )
            for fault in each.faults:
                print(f"  {printable(fault)}")
        for name in missing:
            print(f"{printable(name)}: nothing is kept, or no event type has the name")
        if not (done or missing):
            print("no kept event has a type")
    if missing or not (done or dry_run) or any(each.misfits for each in done):
        raise typer.Exit(1)


@app.command("list")
def list_events(
    workspace: WorkspaceOption = None,
    name: Annotated[str | None, typer.Option("--name", help="Only events of this name.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="Only with a delivery in this state.")] = None,
    job: JobOption = None,
    since: SinceOption = None,
    *,
    field: Annotated[
        str | None, typer.Option("--field", help="A field of the payload and its value: importId=imp-7.")
    ] = None,
    most: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")] = 50,
    before: Annotated[
        str | None, typer.Option("--before", help="Where the page before ended; --json tells it.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List events, the latest first, with the state of each delivery.

    Examples:

      groundwork events list --workspace acme --state failed

      groundwork events list --field importId=imp-7 --json
    """
    from groundwork.deployments.commands.listed_events import lines_of, page_json, wanted_of
    from groundwork.events.inbox.search import Cursor, search_events

    wanted = wanted_of(workspace=workspace, name=name, state=state, job=job, since=since, field=field)
    try:
        cursor = Cursor.read(before) if before else None
    except ValueError:
        raise typer.BadParameter(f"--before {before!r}: what a page has told as next") from None
    with inbox(home) as connection:
        from groundwork.events.inbox.jobs import check_job

        check_job(connection, job)
        page = search_events(connection, wanted, before=cursor, most=most)
    print(json.dumps(page_json(page)) if as_json else "\n".join(lines_of(page)))


@app.command("show")
def show(event_id: EventArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show an event: what it carries, without secrets, and what became of it.

    Example:

      groundwork events show 0199f0c2
    """
    from groundwork.deployments.commands.listed_events import shown_event

    with inbox(home) as connection:
        from groundwork.events.inbox import event_status
        from groundwork.events.inbox.inspection import stored_event

        id = _event_id(connection, event_id)
        event, status = stored_event(connection, id), event_status(connection, id)
    if event is None or status is None:
        print(f"there is no event {event_id}")
        raise typer.Exit(1)
    print("\n".join(shown_event(event, status, as_json=as_json)))


@app.command("retry")
def retry(event_id: EventArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Queue the dead letters of an event again. Steps that were done are not done again. Exit code 1 if it has none.

    Example:

      groundwork events retry 0199f0c2
    """
    with inbox(home) as connection:
        from groundwork.events.inbox.dead_letters import dead_of_event, replay_deliveries

        id = _event_id(connection, event_id)
        queued = replay_deliveries(connection, dead_of_event(connection, id))
    if as_json:
        print(json.dumps({"eventId": str(id), "replayed": [str(each) for each in queued]}))
    else:
        are = "is" if len(queued) == 1 else "are"
        print(f"{counted(len(queued), 'dead letter')} {are} queued again")
    if not queued:
        raise typer.Exit(1)


def _event_id(connection: "Connection", text: str) -> "UUID":
    """The event that an id, the id of a delivery of it, or the beginning of one means.

    Raises:
        typer.Exit: there is none.
    """
    from groundwork.deployments.commands.ids import digits_of, resolved
    from groundwork.events.inbox.short_ids import events_with_prefix

    found = resolved(connection, digits_of(text), events_with_prefix)
    if found is None:
        print(f"there is no event {text}")
        raise typer.Exit(1)
    return found


def _unknown_json(found: "UnknownName", types: Collection[str]) -> dict[str, Any]:
    return {
        "name": found.name,
        "workspaceId": found.workspace_id,
        "events": found.events,
        "firstAt": found.first_at.isoformat(),
        "lastAt": found.last_at.isoformat(),
        "typeKnown": found.name in types,
    }


def _json(fit: "Fit") -> dict[str, Any]:
    return {
        "event": fit.event_name,
        "job": fit.job,
        "jobKnown": fit.job_known,
        "fit": fit.fitting,
        "misfits": fit.misfits,
        "first": [
            {
                "deliveryId": str(each.delivery_id),
                "eventId": str(each.event_id),
                "workspaceId": each.workspace_id,
                "faults": [{"field": fault.field, "reason": fault.reason} for fault in each.faults],
            }
            for each in fit.first
        ],
    }


def _lines(found: "Iterable[Fit]") -> Iterable[str]:
    for each in found:
        gone = "" if each.job_known else "; the job is gone from the code, so that they wait"
        yield f"{each.event_name} for {each.job}: {each.fitting:,} fit, {counted(each.misfits, 'misfit')}{gone}"
        for misfit in each.first:
            yield f"  delivery {misfit.delivery_id}, event {misfit.event_id} of {printable(misfit.workspace_id)}"
            yield from (f"    {printable(str(fault))}" for fault in misfit.faults)
        if each.misfits > len(each.first):
            yield f"  and {each.misfits - len(each.first):,} more"
