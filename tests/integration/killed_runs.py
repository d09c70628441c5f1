"""Runs that are killed at a point of theirs, as by ``kill -9``, and whatever is due until all has ended."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from prefect import get_client
from prefect.exceptions import ObjectNotFound

from groundwork.blocks.database import Database
from groundwork.blocks.settings import settings
from groundwork.events.identifiers import WorkspaceId, workspace_tag
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.clock import advance
from groundwork.events.inbox.redelivery import overdue, requeue
from tests.factories import scalar

SEEDS = int(os.environ.get("KILL_SEEDS", "4"))
"""How many kills of each kind a test session makes."""
_OPEN = """
    SELECT count(*) FROM groundwork.delivery
    WHERE settled_at IS NULL AND (waiting_for IS NULL OR state <> 'scheduled')
      AND (CAST(:jobs AS text[]) IS NULL OR job = ANY(:jobs))
"""
_MOST_ROUNDS = 40
_WORKSPACE = WorkspaceId("acme")


@dataclass(frozen=True)
class Point:
    """Where a run is killed: the first one of the job. See ``dying.py``."""

    job: str
    step: str = "*"
    when: str = "after"
    number: int = 0


@dataclass
class Tally:
    """What all tests of a session came to, for whoever runs many seeds."""

    kills: int = 0
    figures: dict[str, int] = field(default_factory=dict)

    def add(self, **figures: int) -> None:
        for name, number in figures.items():
            self.figures[name] = self.figures.get(name, 0) + number


class KilledRuns:
    """Runs of deliveries, each in a process of its own.

    Args:
        application: whose.
        environment: of the processes.
    """

    def __init__(self, application: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.dying", application],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.tally = Tally()
        assert self._answer() == "ready"

    def close(self) -> None:
        """End the process that makes them."""
        self._process.kill()
        self._process.wait()

    def run(self, job: str, delivery: object, point: Point | None = None) -> bool:
        """Run a delivery; whether it was killed."""
        where = f"{point.step} {point.when} {point.number}" if point else "- never 0"
        assert self._process.stdin
        self._process.stdin.write(f"{job} {delivery} {where}\n")
        self._process.stdin.flush()
        return self._answer() != "0"

    def go(self, db: Database, point: Point | None, jobs: Sequence[str] | None = None) -> int:
        """Run what is due until nothing is; the first run of the point's job is killed there.

        Args:
            jobs: those whose deliveries have to end; by default all.

        Returns:
            How many were killed. A point that the run does not come to kills none.
        """
        kills, seconds = 0, 1.0
        for _ in range(_MOST_ROUNDS):
            with db.transaction() as connection:
                advance(connection, seconds)
            for each in overdue():
                requeue(each, "The run was killed.", tries=1)
            for each in admit(100):
                dies = point is not None and each.job == point.job and not kills
                kills += self.run(each.job, each.id, point if dies else None)
                if dies:
                    free_slots()
            # A killed run's lease has run out, and no batch is waited for.
            seconds = settings().lease_seconds + settings().claim_seconds
            if not scalar(db, _OPEN, jobs=None if jobs is None else list(jobs)):
                break
        self.tally.kills += kills
        return kills

    def _answer(self) -> str:
        assert self._process.stdout
        return next(line.strip() for line in self._process.stdout if line.strip().lstrip("-").isalnum())


def free_slots() -> None:
    """Prefect keeps the slots of a killed step for a minute, in which the next run would wait."""
    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        client.delete_global_concurrency_limit_by_name(f"tag:{workspace_tag(_WORKSPACE)}")
