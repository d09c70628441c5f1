"""``groundwork demo``: what each application shows of itself."""

from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperGroup

from groundwork.blocks.applications import Application
from groundwork.blocks.errors import ConfigurationError


def demos(applications: Iterable[Application]) -> typer.Typer | None:
    """A command per application that has a demo; None where none has.

    Without a name the first one's is run, with its options.

    Raises:
        ConfigurationError: what an application names is not there, or two demos have one name.
    """
    shown: dict[str, Application] = {}
    for each in applications:
        name = each.demo_name or each.name
        if each.demo is not None and shown.setdefault(name, each) is not each:
            raise ConfigurationError(
                f"two demos are named {name}: of the applications {shown[name].name} and {each.name}; give one "
                "another demo_name"
            )
    if not shown:
        return None
    app = typer.Typer(name="demo", cls=_with_default(next(iter(shown))), help=_help(list(shown)))
    for name, application in shown.items():
        app.command(name)(application.named(str(application.demo)))
    return app


def _help(names: list[str]) -> str:
    others = f" Without a name: {names[0]}, with its options." if len(names) > 1 else ""
    return f"Show an application at work on this machine: {', '.join(names)}.{others}"


def _with_default(name: str) -> type[TyperGroup]:
    class Group(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
                args = [name, *args]
            return super().parse_args(ctx, args)

    return Group
