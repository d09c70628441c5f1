"""Lanes at a glance, however many there are: what a person sees of them costs what is shown."""

from dataclasses import dataclass

from sqlalchemy import Connection

from groundwork.events.inbox.statements import statements_of

_statement = statements_of(__file__)

MOST_LANES = 60
"""Lanes that are shown."""
COUNT_TO = 1_000
"""Deliveries up to which a lane is counted."""
MINUTES = 10
"""Time over which ended deliveries are counted."""
_CANDIDATES = 500
"""Waiting lanes of which those are shown that have waited longest. Too low: with many lanes, others are shown."""
_LOOK = 5_000

_Address = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneGlance:
    """How a lane stands. A number that is as high as it is counted is at least that.

    Attributes:
        limit: runs at once.
        weight: share between workspaces.
        job_paused: its whole job is paused.
        retired: its job is gone from the code.
        held_because: why nothing can run the job now; None where something can.
        oldest_wait_seconds: since the oldest that was counted could have started.
        scheduled: deliveries that may start later, of the 5,000 that are due first.
        ended: deliveries that were done or failed in the last ten minutes.
    """

    workspace_id: str
    job: str
    queued: int
    running: int
    limit: int
    weight: float
    job_paused: bool
    paused: bool
    retired: bool
    held_because: str | None
    oldest_wait_seconds: float | None
    scheduled: int = 0
    ended: int = 0


@dataclass(frozen=True, slots=True)
class LaneOverview:
    """Lanes, the one that waits longest first.

    Attributes:
        more: more lanes hold something than are shown.
        next: the lane behind which further waiting lanes begin, by name; None where these are all.
    """

    lanes: list[LaneGlance]
    more: bool
    next: _Address | None


def lane_overview(
    connection: Connection, *, job: str | None = None, workspace_id: str | None = None, after: _Address | None = None
) -> LaneOverview:
    """What the lanes hold.

    Args:
        workspace_id: only of this workspace, whose lanes are shown whether they hold something or not.
        after: job and workspace of the lane behind which waiting lanes begin.
    """
    if workspace_id is not None:
        parameters = {"job": job, "workspace_id": workspace_id, "most": _CANDIDATES}
        rows = connection.execute(_statement("lanes_of_workspace"), parameters)
        chosen = [(row.job, row.workspace_id) for row in rows]
        return LaneOverview(_glances(connection, chosen, workspace_id), False, None)
    waiting = connection.execute(
        _statement("waiting_lanes"),
        {
            "job": job,
            "after_job": after[0] if after else None,
            "after_workspace_id": after[1] if after else None,
            "most": _CANDIDATES,
        },
    ).all()
    since = {(row.job, row.workspace_id): row.accepted_at for row in waiting}
    addresses = dict.fromkeys(sorted(since, key=lambda each: since[each]))
    if after is None:
        others = connection.execute(_statement("other_lanes"), {"look": _LOOK, "most": _CANDIDATES})
        addresses |= dict.fromkeys((row.job, row.workspace_id) for row in others if job in (None, row.job))
    more = (waiting[-1].job, waiting[-1].workspace_id) if len(waiting) == _CANDIDATES else None
    chosen = list(addresses)[:MOST_LANES]
    return LaneOverview(_glances(connection, chosen, None), len(addresses) > MOST_LANES, more)


def _glances(connection: Connection, addresses: list[_Address], workspace_id: str | None) -> list[LaneGlance]:
    if not addresses:
        return []
    jobs, workspaces = [job for job, _ in addresses], [workspace for _, workspace in addresses]
    held = connection.execute(
        _statement("lanes_held"), {"jobs": jobs, "workspace_ids": workspaces, "count_to": COUNT_TO}
    ).mappings()
    scheduled = _numbers(connection, "scheduled", {"look": _LOOK, "workspace_id": workspace_id})
    ended = _numbers(connection, "ended", {"jobs": sorted(set(jobs)), "minutes": MINUTES, "look": COUNT_TO})
    glances = [
        LaneGlance(
            **row,
            scheduled=scheduled.get((row["job"], row["workspace_id"]), 0),
            ended=ended.get((row["job"], row["workspace_id"]), 0),
        )
        for row in held
    ]
    return sorted(glances, key=lambda each: (-(each.oldest_wait_seconds or -1), each.job, each.workspace_id))


def _numbers(connection: Connection, statement: str, parameters: dict[str, object]) -> dict[_Address, int]:
    rows = connection.execute(_statement(statement), parameters)
    return {(row.job, row.workspace_id): row.number for row in rows}
