"""``groundwork up``."""

import contextlib
import logging
import time
from typing import Annotated

import typer

from groundwork.deployments.commands.options import HomeOption, ProjectOption, project_setting, use_home

logger = logging.getLogger(__name__)


def up(
    home: HomeOption = None,
    project: ProjectOption = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port of the gateway. Default: 8700.")
    ] = None,
    prefect_port: Annotated[
        int | None,
        typer.Option("--prefect-port", min=1, max=65535, help="Port of the Prefect server and its UI. Default: 4200."),
    ] = None,
    with_sign_in: Annotated[
        bool,
        typer.Option(
            "--sign-in", help="Have Prefect's UI and API ask for a password. It is made once, and kept in the home."
        ),
    ] = False,
    without: Annotated[
        str | None,
        typer.Option(
            "--without", help="Parts that run elsewhere, comma-separated: postgres, prefect, gateway, relay, worker."
        ),
    ] = None,
    reload: Annotated[
        bool,
        typer.Option(
            "--reload", help="Take on code and prefect.yaml as they are saved. For development: it takes 400 MB."
        ),
    ] = False,
) -> None:
    """Run all parts in the foreground until Ctrl-C: PostgreSQL, Prefect, gateway, relay and worker.

    Prefect's server and PostgreSQL are those of PREFECT_API_URL and GROUNDWORK_DATABASE_URL, where these are set.
    Applies the schema, the blocks, the work pool and prefect.yaml by itself. Production mode demands a sign-in.

    Examples:

      groundwork up

      groundwork up --reload

      groundwork up --home /srv/groundwork --port 9000 --prefect-port 9001

      GROUNDWORK_DATABASE_URL=postgresql://… PREFECT_API_URL=http://…/api groundwork up --without gateway,relay
    """
    settings = use_home(home, port=port, prefect_port=prefect_port, project=project_setting(project))
    from groundwork.blocks.all_settings import misspelt
    from groundwork.deployments.logs import configure_logging
    from groundwork.deployments.up.home import Home
    from groundwork.deployments.up.interrupt import interruptible
    from groundwork.deployments.up.logs import LogTail
    from groundwork.deployments.up.sign_in import make_sign_in
    from groundwork.deployments.up.stack import Stack
    from groundwork.deployments.up.stages import Terminal
    from groundwork.deployments.up.stream import Stream
    from groundwork.deployments.wiring.project import project_folders

    configure_logging("up")
    for warning in misspelt():
        logger.warning("%s", warning)
    home_folder = Home(settings.home)
    left_out = {each.strip() for each in (without or "").split(",") if each.strip()}
    with home_folder.held():
        if with_sign_in:
            make_sign_in(settings.home)
        terminal = Terminal()
        stack = Stack(home_folder, settings, project_folders(), terminal, without=left_out, reload=reload)
        tail = LogTail(home_folder.logs, Stream(terminal.line, colours=terminal.has_colours))
        renewing = contextlib.ExitStack()
        try:
            with contextlib.suppress(KeyboardInterrupt), interruptible():
                stack.start()
                if reload:
                    from groundwork.deployments.up.reload import Reload

                    renewing.callback(Reload(stack).stop)
                while True:
                    time.sleep(1.0)
                    stack.watch()
        finally:
            renewing.close()
            stack.stop()
            tail.close()
