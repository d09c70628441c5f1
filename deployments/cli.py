"""The command line: ``groundwork``."""

import os
import sys
from typing import Annotated, TextIO

import typer

from groundwork.blocks.applications import applications
from groundwork.blocks.collector import seldom
from groundwork.blocks.errors import ConfigurationError
from groundwork.deployments.commands import (
    cancel,
    catalogue,
    dead,
    demo,
    deploy,
    doctor,
    env,
    events,
    hosts,
    jobs,
    lanes,
    mail,
    new,
    parts,
    pause,
    seed,
    send,
    senders,
    status,
    store,
    trigger,
    up,
    user,
    workspace,
)
from groundwork.deployments.commands import (
    open as open_command,
)
from groundwork.deployments.commands.failure import explain

_CLOSED_PIPE = 141
"""Exit code of a program whose reader has gone (128 + SIGPIPE), such as `head` in `groundwork dead list | head`."""


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"groundwork {version('groundwork')}, Prefect {version('prefect')}")
        raise typer.Exit


def _say_what_it_is(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Background jobs for multi-tenant SaaS applications, as Prefect flows."""


def program() -> typer.Typer:
    """Every command, those of the applications behind our own.

    Raises:
        ConfigurationError: an application cannot be loaded, or a command of it has the name of one that is there.
    """
    app = typer.Typer(
        name="groundwork",
        help="Background jobs for multi-tenant SaaS applications, as Prefect flows.",
        epilog="Exit codes: 0 done, 1 the work failed or there was none, 2 wrong use or configuration.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help: a third of its CPU is Rich otherwise, and nothing is cut
    )
    app.callback()(_say_what_it_is)
    app.command("up")(up.up)
    app.command("deploy")(deploy.deploy)
    app.command("doctor")(doctor.doctor)
    app.command("env")(env.env)
    app.command("gateway")(parts.gateway)
    app.command("relay")(parts.relay)
    app.command("worker")(parts.worker)
    app.command("prefect-server")(parts.prefect_server)
    app.command("prefect-services")(parts.prefect_services)
    app.command("send")(send.send)
    app.command("seed")(seed.seed)
    app.command("trigger")(trigger.trigger)
    app.command("status")(status.status)
    app.command("catalogue")(catalogue.catalogue)
    app.command("cancel")(cancel.cancel)
    app.command("pause")(pause.pause)
    app.command("resume")(pause.resume)
    app.command("hosts")(hosts.hosts)
    app.command("jobs")(jobs.jobs)
    app.command("open")(open_command.open_console)
    app.command("lanes")(lanes.lanes)
    app.add_typer(lanes.lane, name="lane")
    app.add_typer(dead.app, name="dead")
    app.add_typer(senders.app, name="senders")
    app.add_typer(events.app, name="events")
    app.add_typer(mail.app, name="mail")
    app.add_typer(store.app, name="store")
    app.add_typer(user.app, name="user")
    app.add_typer(user.app, name="users", hidden=True)
    app.add_typer(workspace.app, name="workspace")
    app.add_typer(new.app, name="new")
    if (shown := demo.demos(applications())) is not None:
        app.add_typer(shown)
    for application in applications():
        if application.commands is not None:
            _add(app, application.named(application.commands), application.name)
    return app


def _add(app: typer.Typer, more: typer.Typer, application: str) -> None:
    taken = set(_names(app))
    for name in _names(more):
        if name in taken:
            raise ConfigurationError(f"application {application}: there is a command {name!r} already; rename it")
    app.registered_commands += more.registered_commands
    app.registered_groups += more.registered_groups


def _names(app: typer.Typer) -> list[str | None]:
    return [each.name for each in app.registered_commands] + [each.name for each in app.registered_groups]


def main() -> None:
    """Entry point. Exit codes: 0 done; 1 the work failed; 2 wrong use, wrong configuration, or a refused request."""
    for stream in (sys.stdout, sys.stderr):
        # A workspace's name may have characters that the terminal's encoding lacks.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    out = sys.stdout
    try:
        code = _run()
        # Typer puts another stream in its place when the reader of this one has gone.
        if sys.stdout is not out:
            raise BrokenPipeError
        out.flush()
    except BrokenPipeError:
        code = _CLOSED_PIPE
    except OSError as error:
        code = _tell(error)
    if code != 0:
        _let_go_of(out)
    sys.exit(code)


def _run() -> int:
    try:
        with seldom():
            program()(prog_name="groundwork")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except Exception as error:
        return _tell(error)
    return 0


def _tell(error: Exception) -> int:
    """Print what is wrong. Returns the exit code; raises what is a bug."""
    told = explain(error)
    if told is None:
        raise error
    message, code = told
    print(f"groundwork: {message}", file=sys.stderr)
    return code


def _let_go_of(out: TextIO) -> None:
    """Keep the interpreter from complaining at its end that what is left cannot be written."""
    sys.stdout = out
    try:
        out.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


if __name__ == "__main__":
    main()
