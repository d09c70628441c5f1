"""What a worker reads of Prefect for each run, read once for those of the same moment."""

import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from pydantic import BaseModel

REMEMBERED_SECONDS = 2.0
"""How long a deployment or a flow is not asked for again. Prefect's worker asks for a run's deployment twice in a row.
Too long: a run may start as its deployment was before a change."""

Read = Callable[[UUID], Awaitable[Any]]


def remember_reads(client: PrefectClient) -> None:
    """Have a worker's client remember deployments and flows for :data:`REMEMBERED_SECONDS`."""
    for name in ("read_deployment", "read_flow"):
        setattr(client, name, remembering(getattr(client, name)))


def remembering(read: Read) -> Read:
    """A read whose answers are remembered; errors are not.

    Returns:
        The same function. Each caller gets a copy: Prefect writes a run's variables into those of its deployment.
    """
    known: dict[UUID, tuple[BaseModel, float]] = {}

    async def remembered(of: UUID) -> Any:
        now = time.monotonic()
        for each in [each for each, (_, until) in known.items() if until <= now]:
            del known[each]
        if of not in known:
            known[of] = (await read(of), now + REMEMBERED_SECONDS)
        return known[of][0].model_copy(deep=True)

    return remembered
