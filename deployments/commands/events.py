"""``groundwork events``: what is stored, beside the types of the code."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundwork.blocks.words import counted, printable
from groundwork.deployments.commands.options import HomeOption, JsonOption, inbox

if TYPE_CHECKING:
    from groundwork.deployments.fit import Fit

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
