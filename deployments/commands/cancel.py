"""``groundwork cancel``."""

import json
from typing import Annotated

import typer

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.commands.ids import digits_of, resolved, whole_id
from groundwork.deployments.commands.options import HomeOption, JobOption, JsonOption, WorkspaceOption, inbox


def cancel(
    event_id: Annotated[
        str | None, typer.Argument(help="The id that the event was accepted with, or how it begins.")
    ] = None,
    job: JobOption = None,
    workspace: WorkspaceOption = None,
    queued_only: Annotated[bool, typer.Option("--queued-only", help="Leave alone what runs.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel what has not ended: of one event, or of a job, a workspace, or both.

    What runs loses its right to write at once, and its run is stopped within seconds. Exit code 1 if nothing was
    cancelled.

    Examples:

      groundwork cancel 0199f0c2

      groundwork cancel --job process-csv --workspace acme --queued-only
    """
    if event_id is None and job is None and workspace is None:
        raise ConfigurationError("say what to cancel: the id of an event, --job, --workspace, or both of these")
    digits = digits_of(event_id) if event_id is not None else None
    with inbox(home) as connection:
        from groundwork.events.inbox.cancellation import cancel as cancel_deliveries
        from groundwork.events.inbox.short_ids import events_with_prefix

        # An id that nothing begins with stays what it is: there is then nothing to cancel.
        event = whole_id(digits) or resolved(connection, digits, events_with_prefix) if digits else None
        if digits and event is None:
            print(f"there is no event {event_id}")
            raise typer.Exit(1)
        done = cancel_deliveries(connection, event_id=event, job=job, workspace_id=workspace, queued_only=queued_only)
    if as_json:
        print(json.dumps(done.model_dump()))
    else:
        print(f"cancelled: {done.queued} queued, {done.running} running")
        if done.sharing:
            print(f"left alone: {done.sharing} that {'shares' if done.sharing == 1 else 'share'} a run with others")
    if not done.queued + done.running:
        raise typer.Exit(1)
