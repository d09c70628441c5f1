"""The gateway's FastAPI application."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import FastAPI

from groundwork.blocks.applications import applications
from groundwork.blocks.console_keys import ConsoleKeys
from groundwork.blocks.ingest_keys import IngestKeys
from groundwork.blocks.settings import settings
from groundwork.deployments.console.routes import access_of, console_routes
from groundwork.deployments.gateway import (
    bounces,
    catalogue,
    downloads,
    health,
    hooks,
    ingest,
    inngest,
    listing,
    metrics,
    openapi,
    status,
    unsubscribe,
)
from groundwork.deployments.gateway.authentication import Authentication
from groundwork.deployments.gateway.hook_counts import HookCounts
from groundwork.deployments.gateway.key_watch import KeyWatch
from groundwork.deployments.gateway.refusal import install_handlers
from groundwork.deployments.gateway.writer import GroupWriter
from groundwork.events.webhooks.registry import sources

READERS = 2
"""Threads that validate large bodies. More would share one core, and each holds the values of a body."""


def create_app(keys: IngestKeys | None = None, console_keys: ConsoleKeys | None = None) -> FastAPI:
    """The gateway.

    Args:
        keys: the senders it knows, for as long as it runs; None means as configured, and as that changes.
        console_keys: who may sign in to the console; None means as configured.

    Raises:
        ConfigurationError: the keys are ambiguous or, in production mode, not safe, or an
            application's routes cannot be imported.
    """
    watched = keys is None
    keys = keys or IngestKeys.configured()
    keys.check(production=settings().in_production)
    console_keys = console_keys or ConsoleKeys.configured()
    console_keys.check(
        production=settings().in_production,
        held_by_senders=[each.key.get_secret_value() for each in keys.entries],
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.writer = GroupWriter()
        watch = KeyWatch(keys, lambda changed: setattr(app.state, "authentication", Authentication(changed)))
        if watched:
            watch.start()
        with ThreadPoolExecutor(READERS, "body-reader") as app.state.readers:
            yield
        watch.close()
        await asyncio.to_thread(app.state.writer.close)

    app = FastAPI(
        title="Groundwork gateway",
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # Of whoever instruments the process: a span would have the path, in which keys and tokens stand.
        telemetry={"tracing": False},
    )
    app.state.authentication = Authentication(keys)
    app.state.console = access_of(console_keys)
    app.state.hook_counts = HookCounts()
    app.state.hooks_unproved = {}
    install_handlers(app)
    for module in (
        ingest, inngest, listing, status, bounces, catalogue, openapi, downloads, unsubscribe, health, metrics,
    ):  # fmt: skip
        app.include_router(module.router)
    app.include_router(console_routes())
    app.include_router(hooks.routes_of(sources()))
    for application in applications():
        if application.hooks:
            app.include_router(hooks.application_routes(application.name), prefix=f"/{application.name}")
        if application.routes:
            app.include_router(application.named(application.routes), prefix=f"/{application.name}")
    return app
