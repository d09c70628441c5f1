"""``groundwork up``."""

import signal
import threading
from typing import Annotated

import typer

from deployments.commands.options import HomeOption, use_home
from deployments.deploy import project_folder
from deployments.logs import configure_logging
from deployments.up.home import Home
from deployments.up.logs import LogTail
from deployments.up.stack import Stack


def up(
    home: HomeOption = None,
    port: Annotated[int | None, typer.Option("--port", help="Port of the gateway. Default: 8700.")] = None,
    prefect_port: Annotated[
        int | None, typer.Option("--prefect-port", help="Port of the Prefect server and its UI. Default: 4200.")
    ] = None,
) -> None:
    """Run all parts in the foreground until Ctrl-C: PostgreSQL, Prefect, gateway, relay and worker.

    Applies the schema, the blocks, the work pool and prefect.yaml by itself.

    Examples:

      groundwork up

      groundwork up --home /srv/groundwork --port 9000 --prefect-port 9001
    """
    configure_logging("up")
    settings = use_home(home, port=port, prefect_port=prefect_port)
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    run_until(stop, Home(settings.home))


def run_until(stop: threading.Event, home: Home) -> None:
    """Run the stack on a home until ``stop`` is set."""
    from blocks.settings import settings

    with home.held():
        stack = Stack(home, settings(), project_folder())
        tail = LogTail(home.logs)
        try:
            stack.start(stop)
            while not stop.wait(1.0):
                stack.watch()
        finally:
            stack.stop()
            tail.close()
