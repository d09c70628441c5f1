"""What every run needs, imported once in the zygote; each run's process is a copy of it.

Only imports belong here: a thread, a socket or an event loop made before the fork would be dead or shared after it.
"""

import contextlib
import importlib
from collections.abc import Iterator

from prefect.blocks.core import Block
from pydantic import BaseModel

from groundwork.blocks.applications import applications
from groundwork.blocks.blob.store import BlobStore
from groundwork.blocks.blob.stores import registered_stores
from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.tracing import preload_tracing
from groundwork.deployments.logs import let_applications_be_heard
from groundwork.flows.registry import jobs
from groundwork.notifications.rendering import preload_templates

MODULES = (
    # Prefect's engine, and what it would import while a run waits.
    "anyio._backends._asyncio",
    "groundwork.deployments.worker.worker",
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
    "groundwork.blocks.blob.s3.blobs",
    "pandas",
    "pyarrow.compute",
    "pyarrow.csv",
    "s3fs",
    "sqlalchemy.dialects.postgresql.psycopg",
)


def preload_libraries() -> None:
    """Import what does not depend on the jobs: most of the time that it all takes."""
    for name in MODULES:
        importlib.import_module(name)
    # Prefect puts off building most of its models, and looks through all installed packages for the first block class.
    _build_models()
    Block.get_block_class_from_key(BlobStore.get_block_type_slug())


def preload() -> None:
    """Import everything, the jobs included, and build what would be built when it is first used."""
    preload_libraries()
    jobs()
    for application in applications():
        if application.preload:
            application.named(application.preload)()
    # A process that asks for them looks through all installed packages, or compiles what it sends.
    with contextlib.suppress(ConfigurationError):
        registered_stores()
    preload_templates()
    let_applications_be_heard()
    preload_tracing()
    _build_models()


def _build_models() -> None:
    for model in _models(BaseModel):
        model.model_rebuild(raise_errors=False)


def _models(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for model in base.__subclasses__():
        yield model
        yield from _models(model)
