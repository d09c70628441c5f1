"""``groundwork events``: what is stored, beside the types of the code."""

import json
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundwork.blocks.words import counted, printable
from groundwork.deployments.commands.options import HomeOption, JsonOption, WorkspaceOption, inbox

if TYPE_CHECKING:
    from groundwork.deployments.fit import Fit
    from groundwork.events.inbox.unknown import UnknownName

app = typer.Typer(help="Stored events, beside the event types of this code.", no_args_is_help=True)


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
