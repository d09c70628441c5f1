"""kill -9 within each job: no reading is lost, none is there twice, and the owner hears of a broken connection once."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.events.inbox.redelivery import overdue, requeue
from tests.integration.fitness.readings.conftest import World
from tests.integration.fitness.readings.provider_server import ProviderServer
from tests.integration.fitness.readings.test_fetching import NIGHT, told
from tests.integration.fitness.readings.test_importing import HEADER, lines, uploaded
from tests.integration.fitness.readings.test_pulling import GARMIN_SLEEP, empty, pushed, wanted
from tests.integration.killed_runs import SEEDS
from tests.integration.mailing import mails

LONGEST_LIFE = 1.2
"""Seconds after which a run is killed at most: one that is let live takes about as long."""
MOST_KILLS = 2
"""Of one delivery, so that it comes to its end."""


@pytest.fixture
def runner(acme: World, prefect_api: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.integration.fitness.readings.run_jobs"]
    environment = os.environ | prefect_api | {"GROUNDWORK_READINGS_CHUNK_ROWS": "200"}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


class Course:
    """Runs whatever is due, and kills runs as the seed says."""

    def __init__(self, world: World, runner: "subprocess.Popen[str]", seed: int) -> None:
        self.world, self.runner, self.random = world, runner, random.Random(seed)
        self.kills: dict[str, int] = {}

    def go(self) -> None:
        """Until every delivery has ended."""
        for _ in range(60):
            self.world.advance(120)
            for dead in overdue():
                requeue(dead, "killed", tries=1)
            admit(capacity=20)
            due = self.world.rows(
                "SELECT id, job FROM groundwork.delivery WHERE state = 'admitted' AND coalesce(batch_id, id) = id"
            )
            for row in due:
                self._run(row.job, str(row.id))
            if all(each["state"] in ("done", "failed") for each in self.world.deliveries()):
                return
        raise AssertionError(self.world.deliveries())

    def _run(self, job: str, delivery_id: str) -> None:
        assert self.runner.stdin is not None
        assert self.runner.stdout is not None
        self.runner.stdin.write(f"{job} {delivery_id}\n")
        self.runner.stdin.flush()
        pid = int(self.runner.stdout.readline())
        life = self.random.uniform(0, LONGEST_LIFE) if self.kills.get(delivery_id, 0) < MOST_KILLS else 60.0
        end = time.monotonic() + life
        while Path(f"/proc/{pid}").exists():
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
                self.kills[delivery_id] = self.kills.get(delivery_id, 0) + 1
                return
            time.sleep(0.01)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(SEEDS // 4))  # half a minute each
def test_whatever_is_killed_ends_in_the_same_state(
    acme: World, members: Any, oura: ProviderServer, runner: "subprocess.Popen[str]", outbox: Path, seed: int
):
    members("bob", "cid")
    acme.connect("bob", "garmin", "garmin-ada")
    acme.connect("cid", "whoop", "revoked")
    empty(oura)
    oura.objects["/v2/usercollection/sleep/n-0"] = NIGHT | {"id": "n-0"}
    oura.pages["/v2/usercollection/sleep"] = [NIGHT | {"id": f"n-{each}"} for each in range(3)]
    now = datetime.now(UTC)
    events = [
        pushed(GARMIN_SLEEP, at=now),
        told(object_id="n-0", sent_at=now),
        told(object_id="s-1", user="revoked", provider="whoop"),
        wanted(),
        uploaded(HEADER + lines(1000)),
    ]
    with acme.db.transaction() as connection:
        connection.execute(text("UPDATE fitness.connection SET refresh_token = NULL WHERE member_id = 'cid'"))
        connection.execute(text("UPDATE fitness.connection SET expires_at = now() WHERE member_id = 'cid'"))
        for event in events:
            send(event, connection)
    course = Course(acme, runner, seed)
    course.go()
    assert {each["state"] for each in acme.deliveries()} == {"done"}, acme.deliveries()
    counts = acme.rows("SELECT source, count(*) FILTER (WHERE NOT deleted) AS n FROM fitness.reading GROUP BY 1")
    assert {row.source: row.n for row in counts} == {"garmin": 5, "oura": 24, "watch": 1000}
    assert acme.rows("SELECT state FROM fitness.connection WHERE member_id = 'cid'")[0].state == "broken"
    assert len({mail["Message-ID"] for mail in mails(outbox)}) == 1
    assert sum(course.kills.values()) > 0
