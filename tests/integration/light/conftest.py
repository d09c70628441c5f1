"""A light job that the inbox knows, and deliveries of it."""

from collections.abc import Callable
from uuid import UUID

import pytest

from groundwork.blocks.database import Database
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import LightCapacity, admit
from groundwork.events.inbox.jobs import register_job
from groundwork.flows.registry import jobs
from tests.integration.light import light_jobs
from tests.integration.light.light_jobs import NoteWanted

NAMES = [name for name, spec in jobs().items() if spec.body.__module__ == light_jobs.__name__]
ROOMY = LightCapacity(1_000, 0.1)


@pytest.fixture
def light(db: Database) -> Database:
    """The database, in which the light jobs are registered."""
    with db.transaction() as connection:
        for name in NAMES:
            register_job(connection, jobs()[name].registration)
    return db


@pytest.fixture
def admitted(light: Database) -> Callable[..., list[UUID]]:
    """Send so many notes, and admit them; the ids of their deliveries."""

    def make(number: int, **fields: object) -> list[UUID]:
        for each in range(number):
            send(NoteWanted(workspace_id=f"workspace-{each}", number=each, **fields))
        return [each.id for each in admit(100, light=ROOMY)]

    return make
