"""``groundwork dead``: dead letters."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.words import counted, printable
from groundwork.deployments.commands.ids import digits_of, resolved, whole_id
from groundwork.deployments.commands.options import MOST, HomeOption, JobOption, JsonOption, WorkspaceOption, inbox
from groundwork.deployments.commands.since import SinceOption

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from groundwork.events.inbox.dead_letters import DeadLetter

app = typer.Typer(help="Deliveries that failed for good: list them, replay them.", no_args_is_help=True)


@app.command("list")
def list_dead(
    job: JobOption = None,
    workspace: WorkspaceOption = None,
    since: SinceOption = None,
    most: Annotated[int, typer.Option("--limit", min=1, max=MOST, help="How many at most, the latest first.")] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List dead letters, the latest first.

    Examples:

      groundwork dead list --since 2h

      groundwork dead list --job process-csv --workspace acme --json
    """
    with inbox(home) as connection:
        from groundwork.events.inbox.dead_letters import dead_letters

        found = dead_letters(connection, job=job, workspace_id=workspace, since=since, most=most)
    if as_json:
        print(json.dumps({"deadLetters": _json(found)}))
    else:
        print("\n".join(_line(each) for each in found) or "no dead letters")


@app.command("replay")
def replay_dead(
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Of deliveries or of events, or how they begin; none means all that fit."),
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

    Exit code 1 if an id that was given names no dead letter, or if there was nothing to replay.

    Examples:

      groundwork dead replay --job process-csv --since 2h --dry-run

      groundwork dead replay 0199f0c2
    """
    if not (ids or job or workspace or since):
        raise ConfigurationError("say which dead letters: ids, --job, --workspace, --since, or several of them")
    asked = [digits_of(each) for each in ids or ()]
    with inbox(home) as connection:
        from groundwork.events.inbox.dead_letters import dead_letters, replay

        known = _known(connection, asked)
        found = (
            dead_letters(connection, ids=list(known.values()), job=job, workspace_id=workspace, since=since)
            if known or not asked
            else []
        )
        queued = [] if dry_run else replay(connection, found)
    chosen = found if dry_run else [each for each in found if each.id in queued]
    fitting = {each.id for each in found} | {each.event_id for each in found}
    missing = [given for given, digits in zip(ids or (), asked, strict=True) if known.get(digits) not in fitting]
    if as_json:
        print(json.dumps({"dryRun": dry_run, "replayed": _json(chosen), "missing": missing}))
    else:
        for each in chosen:
            print(_line(each))
        would = ("would be" if dry_run else "is" if len(chosen) == 1 else "are") + " queued again"
        print(f"{counted(len(chosen), 'dead letter')} {would}")
        for id in missing:
            print(f"{id} is no dead letter that fits")
    if missing or not (chosen or dry_run):
        raise typer.Exit(1)


def _known(connection: "Connection", asked: Sequence[str]) -> "dict[str, UUID]":
    """The whole ids of those that were asked for; the beginnings that fit nothing are left out."""
    from groundwork.events.inbox.short_ids import dead_letters_with_prefix

    found = {digits: whole_id(digits) or resolved(connection, digits, dead_letters_with_prefix) for digits in asked}
    return {digits: id for digits, id in found.items() if id is not None}


def _json(letters: "Sequence[DeadLetter]") -> list[dict[str, object]]:
    return [each.model_dump(mode="json", by_alias=True) for each in letters]


def _line(letter: "DeadLetter") -> str:
    return (
        f"{letter.id}  {letter.died_at:%Y-%m-%d %H:%M:%S}  {letter.job} of {letter.workspace_id}, "
        f"attempt {letter.attempt}\n  event {letter.event_id}\n  {printable(letter.last_error or '')}"
    )
