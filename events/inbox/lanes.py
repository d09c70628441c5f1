"""Lanes as an operator sees and sets them. What is set counts from the relay's next look on, without a restart."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import Connection

from groundwork.blocks.errors import ConfigurationError
from groundwork.events.inbox.jobs import check_job
from groundwork.events.inbox.statements import statements_of
from groundwork.events.inbox.wake import wake_relay

_statement = statements_of(__file__)


class Lane(BaseModel):
    """How a lane stands.

    Attributes:
        queued: deliveries that may start as soon as there is room.
        scheduled: deliveries that may start later.
        waiting: deliveries whose job has begun and waits, for a time, an event or another job; they hold no place.
        running: runs that were admitted and have not ended; a batch is one.
        limit: runs at once.
        weight: share between workspaces.
        retired: its job is gone from the code; what it holds waits for the job's return.
        held_because: why nothing can run the job now, such as that it has no deployment, and the cure; None where
            something can.
        at_limit: limits beyond the lane's own that have no room now, in words: ``pool openai: 10 of 10 in use``.
        dropped: events that a rate limit has dropped since it began to count; 0 once nothing counts any more.
        oldest_wait_seconds: since the oldest queued delivery could have started; None where none waits.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, from_attributes=True)

    workspace_id: str
    job: str
    queued: int
    scheduled: int
    running: int
    waiting: int
    limit: int
    weight: float
    paused: bool
    retired: bool
    held_because: str | None
    at_limit: list[str]
    dropped: int
    oldest_wait_seconds: float | None


def lanes(connection: Connection) -> list[Lane]:
    """Every lane that holds something or is set apart, the one that waits longest first."""
    return [Lane.model_validate(row) for row in connection.execute(_statement("lanes"))]


def pause(connection: Connection, job: str, workspace_id: str | None = None) -> None:
    """Admit nothing more of a job, or of one workspace's lane of it. What runs goes on; what comes is queued.

    Raises:
        UnknownName: there is no such job.
    """
    _set_paused(connection, job, workspace_id, paused=True)


def resume(connection: Connection, job: str, workspace_id: str | None = None) -> None:
    """Admit again. A lane that was paused by itself stays paused when its job is resumed.

    Raises:
        UnknownName: there is no such job.
    """
    _set_paused(connection, job, workspace_id, paused=False)
    wake_relay(connection)


def set_lane(
    connection: Connection, job: str, workspace_id: str, *, limit: int | None = None, weight: float | None = None
) -> None:
    """Give one workspace's lane another limit or weight than its job's; what is None stays as it is.

    Raises:
        UnknownName: there is no such job.
        ConfigurationError: neither is given, the limit is below 1, or the weight is not above 0.
    """
    check_job(connection, job)
    if limit is None and weight is None:
        raise ConfigurationError("say what to set: a limit, a weight, or both")
    if limit is not None and limit < 1:
        raise ConfigurationError(f"a lane's limit is at least 1, not {limit}; to stop a lane, pause it")
    if weight is not None and not weight > 0:
        raise ConfigurationError(f"a lane's weight is above 0, not {weight}; to stop a lane, pause it")
    address = {"job": job, "workspace_id": workspace_id}
    connection.execute(_statement("set_lane"), address | {"limit": limit, "weight": weight})
    wake_relay(connection)


def unset_lane(connection: Connection, job: str, workspace_id: str) -> None:
    """Give one workspace's lane its job's own limit and weight again.

    Raises:
        UnknownName: there is no such job.
    """
    check_job(connection, job)
    for name in ("unset_lane", "forget_lane"):
        connection.execute(_statement(name), {"job": job, "workspace_id": workspace_id})
    wake_relay(connection)


def _set_paused(connection: Connection, job: str, workspace_id: str | None, *, paused: bool) -> None:
    check_job(connection, job)
    if workspace_id is None:
        connection.execute(_statement("pause_job"), {"job": job, "paused": paused})
        return
    address = {"job": job, "workspace_id": workspace_id}
    connection.execute(_statement("pause_lane"), address | {"paused": paused})
    connection.execute(_statement("forget_lane"), address)
