"""What ``groundwork seed fitness`` stores."""

from datetime import UTC, datetime

from sqlalchemy import Connection, select

from groundwork.blocks.schema.fitness.gym import gym
from groundwork.deployments.commands.fitness.demonstration.invented import Gym, store_gym, workouts_of
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.workouts.history import log_workouts

MEMBERS = 30


def sow(connection: Connection, workspace_id: WorkspaceId) -> dict[str, int]:
    """A gym with a coach, members and 90 days of their workouts, which have scores made of them."""
    of = Gym(workspace_id, MEMBERS)
    found = connection.execute(select(gym.c.workspace_id).where(gym.c.workspace_id == workspace_id)).one_or_none()
    if found is not None:
        return {"members": 0, "workouts": 0}
    store_gym(connection, of)
    workouts = [each for place in range(MEMBERS) for each in workouts_of(of, place) if each.at < datetime.now(UTC)]
    return {"members": MEMBERS, "workouts": log_workouts(connection, workspace_id, workouts)}
