"""``groundwork catalogue``."""

import json
from typing import Annotated

import typer

from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.commands.options import HomeOption, JsonOption, use_home


def catalogue(
    typescript: Annotated[bool, typer.Option("--typescript", help="As a module of TypeScript's types.")] = False,
    asyncapi: Annotated[bool, typer.Option("--asyncapi", help="As an AsyncAPI 3 document.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print which events there are in this code, with what they are about. Needs no database.

    Examples:

      groundwork catalogue

      groundwork catalogue --typescript > src/groundwork-events.ts

      groundwork catalogue --asyncapi > asyncapi.json
    """
    if typescript + asyncapi + as_json > 1:
        raise ConfigurationError("--typescript, --asyncapi and --json: give one of them")
    use_home(home)
    from groundwork.events.catalogue import event_types

    types = event_types()
    if typescript:
        from groundwork.events.typescript import typescript as written

        print(written(types.values()), end="")
    elif asyncapi:
        from groundwork.events.asyncapi import asyncapi as document

        print(json.dumps(document(types.values()), indent=2))
    elif as_json:
        events = [
            {"name": name, "aliases": list(each.aliases), "schema": each.model_json_schema()}
            for name, each in types.items()
        ]
        print(json.dumps({"events": events}))
    else:
        for name, each in types.items():
            also = f" (also {', '.join(each.aliases)})" if each.aliases else ""
            print(f"{name}{also}: {' '.join((each.__doc__ or '').split())}")
