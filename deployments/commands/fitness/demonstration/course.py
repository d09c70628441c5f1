"""The course of a demo: a gym brings its history, and then one member trains far too much."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from groundwork.blocks.blob.store import blob_store
from groundwork.blocks.database import database
from groundwork.blocks.uuid7 import uuid7
from groundwork.deployments.commands.bars import Bars
from groundwork.deployments.commands.demo_watch import watch_demo
from groundwork.deployments.commands.fitness.demonstration.alerts import Alerts
from groundwork.deployments.commands.fitness.demonstration.figures import Figures
from groundwork.deployments.commands.fitness.demonstration.invented import (
    Gym,
    benchmarks_of,
    member_id,
    member_name,
    spike_of,
    store_gym,
    workouts_of,
)
from groundwork.deployments.commands.fitness.demonstration.nights import late_nights, write_nights
from groundwork.deployments.commands.fitness.demonstration.report import text_of
from groundwork.deployments.commands.fitness.demonstration.social import Circle, follow_each_other, post_and_react
from groundwork.deployments.commands.fitness.demonstration.standing import Standing, standing
from groundwork.events.fitness.sync import ReadingsFileUploaded
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.tasks.fitness.readings.store import write_readings
from groundwork.tasks.fitness.workouts.history import log_workouts
from groundwork.tasks.fitness.workouts.log import log_benchmark, log_workout
from groundwork.tasks.workspace_blobs import workspace_prefix

_AT_ONCE = 100
"""Members whose history is one transaction."""
_LOGGED, _TOLD = "histories logged", "spike told of"
_BEFORE_THE_SPIKE = {"members scored", "coach told of them"}


def run(members: int, *, as_json: bool) -> bool:
    """Show it.

    Args:
        members: of the gym, 10 at least.
        as_json: print figures for a machine, and nothing else.

    Returns:
        Whether all of it came through.
    """
    gym = Gym(WorkspaceId(f"demo-{uuid7().hex[-6:]}"), members)
    course = _Course(gym, quiet=as_json)
    error = course.run()
    figures = Figures.of(gym, course.alerts, seconds=course.seconds, rejected=course.faulty, error=error)
    print(figures.as_json() if as_json else text_of(figures))
    return error is None


class _Course:
    def __init__(self, gym: Gym, *, quiet: bool) -> None:
        self._gym, self._circle = gym, Circle.of(gym)
        self.alerts = Alerts(gym)
        self.faulty = 0
        risks = len(gym.sleepless) + len(gym.leaving)
        wanted = {
            _LOGGED: gym.members,
            "nights imported": len(gym.wearing),
            "members scored": gym.members,
            "feeds with the post": len(self._circle.followers),
            "reactions in feeds": self._circle.reacting,
            "risks found": risks,
            "coach told of them": risks,
            _TOLD: len(self.alerts.expected),
        }
        self._bars = Bars(wanted, quiet=quiet)
        self._spiked_after: float | None = None

    @property
    def seconds(self) -> dict[str, float]:
        """When each part was complete; of the spike, since it was logged."""
        seconds = self._bars.seconds
        if self._spiked_after is not None and _TOLD in seconds:
            return seconds | {_TOLD: round(seconds[_TOLD] - self._spiked_after, 2)}
        return seconds

    def run(self) -> str | None:
        """Do it and wait until all is there; what went wrong, in words."""
        with database().transaction() as connection:
            store_gym(connection, self._gym)
        self._bars.say(f"The gym Northgate Barbell is workspace {self._gym.workspace_id}.")
        with self._bars.shown():
            self._upload_nights()
            self._log_history()
            self._be_social()
            return watch_demo(self._bars, self._gym.workspace_id, self._look)

    def _upload_nights(self) -> None:
        key = f"{workspace_prefix(self._gym.workspace_id)}nights.csv"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "nights.csv"
            self.faulty = write_nights(file, self._gym)
            blob_store().upload(file, key)
        with database().transaction() as connection:
            send(ReadingsFileUploaded(workspace_id=self._gym.workspace_id, blob=key, format="csv"), connection)

    def _log_history(self) -> None:
        gym = self._gym
        for begin in range(0, gym.members, _AT_ONCE):
            end = min(begin + _AT_ONCE, gym.members)
            workouts = [each for place in range(begin, end) for each in workouts_of(gym, place)]
            with database().transaction() as connection:
                log_workouts(connection, gym.workspace_id, workouts)
            self._bars.update({_LOGGED: end})
        with database().transaction() as connection:
            for each in benchmarks_of(gym, datetime.now(UTC)):
                log_benchmark(connection, gym.workspace_id, each)

    def _be_social(self) -> None:
        with database().transaction() as connection:
            follow_each_other(connection, self._gym, self._circle)
        with database().transaction() as connection:
            post_and_react(connection, self._gym, self._circle)

    def _look(self) -> dict[str, int]:
        with database().transaction() as connection:
            now = standing(connection, self._gym.workspace_id, member_id(self._gym.spiking))
        come = self._come(now)
        self._bars.update(come)
        if self._spiked_after is None and self._bars.seconds.keys() >= _BEFORE_THE_SPIKE:
            self._spike()
        return come

    def _come(self, now: Standing) -> dict[str, int]:
        return {
            "nights imported": now.with_nights,
            "members scored": now.scored,
            "feeds with the post": now.post_rows,
            "reactions in feeds": now.reaction_rows,
            "risks found": now.risks,
            "coach told of them": self.alerts.others,
            _TOLD: len(self.alerts.found),
        }

    def _spike(self) -> None:
        workspace_id, now = self._gym.workspace_id, datetime.now(UTC)
        with database().transaction() as connection:
            for each in spike_of(self._gym, now):
                log_workout(connection, workspace_id, each)
        with database().transaction() as connection:
            write_readings(connection, workspace_id, late_nights(self._gym, now))
        self._spiked_after = self._bars.elapsed
        self._bars.say(f"{member_name(self._gym.spiking)} logs four hard days, and her band brings six bad nights.")
