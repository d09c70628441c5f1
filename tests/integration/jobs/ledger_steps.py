"""A job of steps that keep their effects and results in the ledger, with a table of its own to write to."""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Connection, text

from groundwork.events.base import Event
from groundwork.events.inbox import running_attempt, written
from groundwork.flows.job import job
from groundwork.tasks.step import step


class PointsEarned(Event, name="test/points.earned"):
    folder: str
    person: str = "ann"


class Award(BaseModel):
    person: str
    delivery_id: UUID
    day: date


@dataclass
class Standing:
    person: str
    points: int


@step(ledger=True, key=("person",), retries=1, first_delay=0.01)
def award(connection: Connection, person: str, folder: str) -> Award:
    _add(connection, person, 10)
    _trouble(folder, "award")
    return Award(person=person, delivery_id=running_attempt().delivery_id, day=date(2026, 11, 27))


@step(ledger=True, key=("award.person", "number"))
def stand(connection: Connection, award: Award, number: int) -> Standing:
    _add(connection, award.person, number)
    points = connection.execute(text("SELECT sum(points) FROM points WHERE person = :p"), {"p": award.person}).scalar()
    return Standing(award.person, int(points or 0))


@step(ledger=True)
def close(connection: Connection) -> None:
    _add(connection, "closing", 1)


@job(on=PointsEarned, lane=5)
def earn_points(event: PointsEarned) -> dict[str, Any]:
    given = award(event.person, event.folder)
    standing = stand(given, 5)
    close()
    _trouble(event.folder, "body")
    assert isinstance(given, Award), given
    assert isinstance(standing, Standing), standing
    return {"points": standing.points, "kept": sorted(written(running_attempt(), stand.name))}


def _add(connection: Connection, person: str, points: int) -> None:
    connection.execute(
        text("INSERT INTO points (person, points) VALUES (:person, :points)"), {"person": person, "points": points}
    )


def _trouble(folder: str, where: str) -> None:
    """Fail once where a file asks for it."""
    asked = Path(folder) / where
    if not asked.exists():
        return
    what = asked.read_text()
    asked.unlink()
    if what == "kill":
        os.kill(os.getpid(), 9)
    raise ConnectionError("away")


if __name__ == "__main__":
    import sys

    print(earn_points(delivery_id=UUID(sys.argv[1])))
