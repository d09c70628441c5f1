"""What a worker reads of Prefect for each run, read once for those of the same moment."""

import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from pydantic import BaseModel

DEPLOYMENT_SECONDS = 2.0
"""How long a deployment is not asked for again. Prefect's worker asks twice in a row for that of each run. Too long: a
run may start as its deployment was before a change."""
FLOW_SECONDS = 60.0
"""How long a flow is not asked for again: what runs take of it is its name, which does not change."""

Read = Callable[[UUID], Awaitable[Any]]


def remember_reads(client: PrefectClient) -> None:
    """Have a worker's client remember deployments and flows."""
    for name, seconds in (("read_deployment", DEPLOYMENT_SECONDS), ("read_flow", FLOW_SECONDS)):
        setattr(client, name, remembering(getattr(client, name), seconds))


def remembering(read: Read, seconds: float) -> Read:
    """A read whose answers are remembered for some seconds; errors are not.

    Returns:
        The same function. Each caller gets a copy: Prefect writes a run's variables into those of its deployment.
    """
    known: dict[UUID, tuple[BaseModel, float]] = {}

    async def remembered(of: UUID) -> Any:
        now = time.monotonic()
        for each in [each for each, (_, until) in known.items() if until <= now]:
            del known[each]
        if of not in known:
            known[of] = (await read(of), now + seconds)
        return known[of][0].model_copy(deep=True)

    return remembered
