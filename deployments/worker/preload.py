"""What every run needs, imported once in the zygote; each run's process is a copy of it.

Only imports belong here: a thread, a socket or an event loop made before the fork would be dead or shared after it.
"""

import importlib

from flows.registry import jobs

MODULES = (
    # Prefect's engine, and what it would import while a run waits.
    "anyio._backends._asyncio",
    "deployments.worker.worker",
    "encodings.idna",
    "graphviz",
    "packaging.requirements",
    "prefect.bundles",
    "prefect.concurrency.services",
    "prefect.deployments.steps",
    "prefect.engine",
    "prefect.flow_engine",
    "prefect.main",
    "prefect.runner",
    "prefect.task_engine",
    "prefect.utilities.visualization",
    "prefect.workers.process",
    "rich._emoji_codes",
    # The jobs' own libraries.
    "pandas",
    "pyarrow.compute",
    "pyarrow.csv",
    "s3fs",
    "sqlalchemy.dialects.postgresql.psycopg",
)


def preload() -> None:
    """Import everything, the jobs included."""
    for name in MODULES:
        importlib.import_module(name)
    jobs()
