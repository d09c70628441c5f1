"""``groundwork dead``: dead letters."""

import json
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import typer

from blocks.database import database
from blocks.errors import ConfigurationError
from deployments.commands.options import HomeOption, JobOption, JsonOption, WorkspaceOption, use_home
from deployments.commands.since import SinceOption
from events.inbox.dead_letters import DeadLetter, dead_letters, replay

app = typer.Typer(help="Deliveries that failed for good: list them, replay them.", no_args_is_help=True)


@app.command("list")
def list_dead(
    job: JobOption = None,
    workspace: WorkspaceOption = None,
    since: SinceOption = None,
    most: Annotated[int, typer.Option("--limit", min=1, help="How many at most, the latest first.")] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List dead letters, the latest first.

    Examples:

      groundwork dead list --since 2h

      groundwork dead list --job process-csv --workspace acme --json
    """
    use_home(home)
    with database().transaction() as connection:
        found = dead_letters(connection, job=job, workspace_id=workspace, since=since, most=most)
    if as_json:
        print(json.dumps({"deadLetters": _json(found)}))
    else:
        print("\n".join(_line(each) for each in found) or "no dead letters")


@app.command("replay")
def replay_dead(
    ids: Annotated[
        list[UUID] | None, typer.Argument(help="Of deliveries or of events; none means all that fit.")
    ] = None,
    job: JobOption = None,
    workspace: WorkspaceOption = None,
    since: SinceOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be replayed, and change nothing.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Queue dead letters again, behind what their lanes hold now. Steps that were done are not done again.

    Exit code 1 if an id that was given names no dead letter.

    Examples:

      groundwork dead replay --job process-csv --since 2h --dry-run

      groundwork dead replay 0199f0c2-7c1e-7d4a-a5d1-3f0c8a6d2b11
    """
    if not (ids or job or workspace or since):
        raise ConfigurationError("say which dead letters: ids, --job, --workspace, --since, or several of them")
    use_home(home)
    with database().transaction() as connection:
        found = dead_letters(connection, ids=ids or (), job=job, workspace_id=workspace, since=since)
        queued = [] if dry_run else replay(connection, found)
    chosen = found if dry_run else [each for each in found if each.id in queued]
    missing = sorted(str(id) for id in set(ids or ()) - {each.id for each in found} - {each.event_id for each in found})
    if as_json:
        print(json.dumps({"dryRun": dry_run, "replayed": _json(chosen), "missing": missing}))
    else:
        print("\n".join(_line(each) for each in chosen))
        print(f"{len(chosen)} {'would be' if dry_run else 'are'} queued again")
        for id in missing:
            print(f"{id} is no dead letter that fits")
    if missing:
        raise typer.Exit(1)


def _json(letters: Sequence[DeadLetter]) -> list[dict[str, object]]:
    return [each.model_dump(mode="json", by_alias=True) for each in letters]


def _line(letter: DeadLetter) -> str:
    return (
        f"{letter.id}  {letter.died_at:%Y-%m-%d %H:%M:%S}  {letter.job} of {letter.workspace_id}, "
        f"attempt {letter.attempt}\n  event {letter.event_id}\n  {letter.last_error}"
    )
