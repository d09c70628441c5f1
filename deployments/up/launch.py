"""A process that has imported what it needs, and waits.

``python -m groundwork.deployments.up.launch MODULE ARGUMENT …`` makes one.

Importing Prefect is most of what starting a part costs. It needs nothing that runs, so it is done while the part still
waits for others. A line on standard input lets the module run as ``python -m MODULE ARGUMENT …`` would; the end of
standard input, as when the parent has gone, ends the process.
"""

import contextlib
import importlib
import os
import runpy
import sys
from collections.abc import Mapping, Sequence

from groundwork.blocks.collector import left_alone

BEFOREHAND: Mapping[str, Sequence[str]] = {
    "groundwork.deployments.gateway": ("groundwork.deployments.gateway.app", "groundwork.deployments.gateway.server"),
    "groundwork.deployments.relay": ("groundwork.deployments.relay.loop", "groundwork.flows.registry"),
    "groundwork.deployments.up.renewal": (
        "groundwork.deployments.up.renewal",
        "sqlalchemy.dialects.postgresql.psycopg",
    ),
    "groundwork.deployments.up.prefect_server": (
        "prefect.server.api.server",
        "groundwork.deployments.up.own_origin",
        "uvicorn",
    ),
}
_OF_PREFECT: Mapping[str, Sequence[str]] = {
    "worker": ("prefect.cli.worker", "groundwork.deployments.worker.worker"),
    "deploy": ("prefect.cli.deploy", "prefect.workers.base"),
}
"""Modules that Prefect's command line imports for a command. Where they are called otherwise one day, it imports them
itself, later."""


def main() -> None:
    """Import, wait, run."""
    module, *arguments = sys.argv[1:]
    given = _OF_PREFECT.get(next((each for each in arguments if not each.startswith("-")), ""), ())
    with left_alone():
        for each in BEFOREHAND.get(module, given if module == "prefect" else ()):
            # What is wrong with a module is said when it runs, as without this process.
            with contextlib.suppress(Exception):
                importlib.import_module(each)
    if not os.read(0, 1):
        return
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
