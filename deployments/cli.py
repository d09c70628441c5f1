"""The command line: ``groundwork``."""

import sys

import httpx
import typer

from blocks.errors import GroundworkError
from deployments.commands import cancel, dead, demo, deploy, export, import_file, lanes, mail, pause, send, status, up

app = typer.Typer(
    name="groundwork",
    help="Background jobs for multi-tenant SaaS applications, as Prefect flows.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("up")(up.up)
app.command("deploy")(deploy.deploy)
app.command("demo")(demo.demo)
app.command("import")(import_file.import_file)
app.command("export")(export.export)
app.command("send")(send.send)
app.command("status")(status.status)
app.command("cancel")(cancel.cancel)
app.command("pause")(pause.pause)
app.command("resume")(pause.resume)
app.command("lanes")(lanes.lanes)
app.add_typer(lanes.lane, name="lane")
app.add_typer(dead.app, name="dead")
app.add_typer(mail.app, name="mail")


def main() -> None:
    """Entry point. Exit codes: 0 done; 1 the work failed; 2 wrong use, wrong configuration, or a refused request."""
    try:
        app()
    except GroundworkError as error:
        print(f"groundwork: {error}", file=sys.stderr)
        sys.exit(2)
    except httpx.TransportError as error:
        print(f"groundwork: cannot reach {error.request.url}: {error}. Is `groundwork up` running?", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
