"""``GET /healthz`` and ``GET /readyz``: for supervisors and load balancers, without a key."""

from fastapi import APIRouter

from groundwork.blocks.database import database
from groundwork.blocks.migrations import behind
from groundwork.blocks.migrations.branches import ENGINE
from groundwork.deployments.gateway.refusal import Refusal

router = APIRouter()


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz() -> dict[str, str]:
    """The database answers, and its schema is the one this code was written for; else 503."""
    with database().transaction() as connection:
        wrong = behind(connection)
        schema = ENGINE.revision(connection)
    if wrong is not None:
        raise Refusal(503, wrong)
    return {"status": "ready", "schema": str(schema)}
