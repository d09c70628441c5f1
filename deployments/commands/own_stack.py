"""The parts of ``groundwork demo``, where none run on its home. Free of Prefect, which is imported while they start."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork.blocks.prefect_profile import lead_to_api
from groundwork.blocks.settings import settings
from groundwork.deployments.commands.options import running_on, uploading_client, use_home
from groundwork.deployments.up.home import Home
from groundwork.deployments.up.interrupt import interruptible
from groundwork.deployments.up.ports import free_port, is_free
from groundwork.deployments.up.stack import Stack
from groundwork.deployments.up.stages import Terminal
from groundwork.deployments.wiring.project import project_folders

if TYPE_CHECKING:
    from groundwork.events.client import GatewayClient


def demonstrate(show: Callable[["GatewayClient"], bool], home: Path | None, *, quiet: bool) -> bool:
    """Show something on what runs on the home, else on parts of its own that are stopped again.

    The parts have the keys that `up` gives them, so that the links in the demo's mails work when `up` runs later.

    Args:
        show: does it, and returns whether it came through. Called once Prefect may be imported.
        home: folder from the command line.
        quiet: tell nothing but errors.
    """
    terminal = Terminal(quiet=quiet)
    if running_on(settings().home):
        return show(uploading_client(home))
    with _started(terminal) as client:
        done = show(client)
    terminal.line("Everything has stopped; the data is kept. `make up` starts it again.")
    return done


@contextmanager
def _started(terminal: Terminal) -> Iterator["GatewayClient"]:
    """Every part, running for as long as the block lasts. A taken port gives way to a free one."""
    for name in ("port", "prefect_port"):
        wanted = getattr(settings(), name)
        os.environ[f"GROUNDWORK_{name.upper()}"] = str(wanted if is_free(wanted) else free_port())
    now = use_home(None)
    home = Home(now.home)
    with home.held():
        stack = Stack(home, now, project_folders(), terminal)
        ended = threading.Event()
        watcher = threading.Thread(target=_keep_running, args=(stack, ended), daemon=True)
        try:
            with interruptible():
                terminal.line("Starting PostgreSQL, Prefect, gateway, relay and worker ...")
                stack.start()
                terminal.line(f"Prefect UI: {stack.prefect_url}")
                watcher.start()
                lead_to_api(stack.prefect_api_url)
                from groundwork.events.client import GatewayClient

                yield GatewayClient.configured(stack.gateway_url)
        finally:
            ended.set()
            if watcher.is_alive():
                watcher.join()
            stack.stop()


def _keep_running(stack: Stack, ended: threading.Event) -> None:
    while not ended.wait(1.0):
        stack.watch()
