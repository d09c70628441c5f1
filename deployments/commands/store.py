"""``groundwork store``."""

import json
from dataclasses import asdict

import typer

from groundwork.deployments.commands.options import HomeOption, JsonOption, use_home

app = typer.Typer(help="Try the blob store.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Typer would make the only command the group itself."""


@app.command("check")
def check(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Write, read, list, abort, link and delete blobs below store-probe/. Exit code 1: jobs need what fails.

    Example:

      groundwork store check
    """
    use_home(home)
    from groundwork.blocks.blob.probe import probe
    from groundwork.blocks.blob.store import blob_store
    from groundwork.blocks.blob.trial import PREFIX

    checks = []
    if not as_json:
        print(blob_store().location(PREFIX))
    for each in probe(blob_store()):
        checks.append(each)
        if not as_json:
            verdict = "ok" if each.problem is None else "FAILS" if each.needed else "lacks"
            print(f"  {verdict:<6} {each.name}" + (f": {each.problem}" if each.problem else ""), flush=True)
    if as_json:
        print(json.dumps([asdict(each) for each in checks]))
    if any(each.needed and each.problem for each in checks):
        raise typer.Exit(1)
