"""Whose turn it is, counted the plain way: over everything that waits, with no index, no walk and nothing left out."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import text

from groundwork.blocks.database import Database
from groundwork.blocks.settings import settings

_WAITING = "SELECT * FROM groundwork.delivery WHERE state = 'queued' ORDER BY urgency DESC, sequence"
_IN_FLIGHT = (
    "SELECT * FROM groundwork.delivery WHERE state IN ('admitted', 'running') AND (batch_id IS NULL OR batch_id = id)"
)


@dataclass
class Unit:
    """A delivery, or those that would share a run."""

    members: list[Any]
    job: Any
    holds: float = 0.0
    served: float = 0.0
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def leader(self) -> UUID:
        return self.first.id

    @property
    def first(self) -> Any:
        return min(self.members, key=attrgetter("sequence"))

    @property
    def workspace(self) -> str:
        return self.first.workspace_id

    @property
    def in_lane(self) -> tuple[int, int]:
        return (-max(each.urgency for each in self.members), self.first.sequence)

    @property
    def in_workspace(self) -> tuple[int, int, int]:
        return (-self.first.priority, *self.in_lane)

    @property
    def in_turn(self) -> tuple[int, float, float, int]:
        return (-self.first.priority, self.holds, self.served, self.first.sequence)


class PlainAdmission:
    """The inbox as it stands, for jobs with lanes, keyed or not, batches that wait for nothing, and singletons."""

    def __init__(self, db: Database, capacity: int) -> None:
        with db.transaction() as connection:
            self.jobs = {row.name: row for row in connection.execute(text("SELECT * FROM groundwork.job"))}
            self.waiting = connection.execute(text(_WAITING)).all()
            self.in_flight = connection.execute(text(_IN_FLIGHT)).all()
            apart = connection.execute(text("SELECT * FROM groundwork.lane_override")).all()
            shares = connection.execute(text("SELECT * FROM groundwork.fair_share")).all()
        self.apart = {(row.job, row.workspace_id): row for row in apart}
        self.shares = {row.workspace_id: row.served for row in shares}
        self.total = max(capacity - len(self.in_flight), 0)
        kept = 0
        if any(job.interactive for job in self.jobs.values()):
            kept = min(math.ceil(capacity * settings().interactive_share), capacity - 1)
        running = sum(not self.jobs[each.job].interactive for each in self.in_flight)
        self.bulk = max(capacity - running - kept, 0)

    def turns(self) -> set[UUID]:
        """Who goes next: a delivery each, of a batch its first."""
        units = self._placed([unit for unit in self._units() if not self._is_full(unit)])
        self._weigh(units)
        taken: Counter[tuple[str, ...]] = Counter()
        bulk, chosen = 0, set()
        for unit in sorted(units, key=attrgetter("in_turn")):
            full = False
            for name, key in unit.keys.items():
                place = (unit.job.name, unit.workspace, name, key)
                taken[place] += 1
                full = full or taken[place] > self._room_of_key(unit, name, key)
            if full:
                continue
            bulk += not unit.job.interactive
            if (unit.job.interactive or bulk <= self.bulk) and len(chosen) < self.total:
                chosen.add(unit.leader)
        return chosen

    def _room(self, job: Any, workspace: str) -> int:
        apart = self.apart.get((job.name, workspace))
        held = sum(each.job == job.name and each.workspace_id == workspace for each in self.in_flight)
        limit = job.lane_limit if apart is None or apart.lane_limit is None else apart.lane_limit
        return max(min(limit - held, 1 - held if job.ordered else limit, self.total), 0)

    def _weight(self, unit: Unit) -> float:
        apart = self.apart.get((unit.job.name, unit.workspace))
        return 1.0 if apart is None else apart.weight

    def _units(self) -> list[Unit]:
        keyed: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
        for each in self.waiting:
            apart = self.apart.get((each.job, each.workspace_id))
            if not self.jobs[each.job].paused and not (apart and apart.paused):
                keyed[each.job, each.workspace_id, each.flow_key].append(each)
        units = []
        for (name, workspace, key), those in keyed.items():
            job = self.jobs[name]
            room = self._room(job, workspace)
            if "singleton" in job.flow_control:
                room = min(room, 1 - sum((each.job, each.workspace_id, each.flow_key) == (name, workspace, key)
                                         for each in self.in_flight))  # fmt: skip
            size = job.batch_size
            some = those[: max(room, 0) * size]
            for begin in range(0, len(some), size):
                units.append(Unit(some[begin : begin + size], job, keys=self._keys(job, some[begin])))
        return units

    def _keys(self, job: Any, delivery: Any) -> dict[str, str]:
        limits = job.flow_control.get("limits", [])
        said = delivery.limit_keys or {}
        return {each["field"]: said[each["field"]] for each in limits if each["field"] in said}

    def _room_of_key(self, unit: Unit, name: str, key: str) -> int:
        [most] = [each["most"] for each in unit.job.flow_control["limits"] if each["field"] == name]
        return int(most) - sum(
            (each.job, each.workspace_id) == (unit.job.name, unit.workspace)
            and (each.limit_keys or {}).get(name) == key
            for each in self.in_flight
        )

    def _is_full(self, unit: Unit) -> bool:
        return any(self._room_of_key(unit, name, key) <= 0 for name, key in unit.keys.items())

    def _placed(self, units: list[Unit]) -> list[Unit]:
        """Those that their lane has room for."""
        lanes: dict[tuple[str, str], list[Unit]] = defaultdict(list)
        for unit in units:
            lanes[unit.job.name, unit.workspace].append(unit)
        return [
            unit
            for (name, workspace), those in lanes.items()
            for unit in sorted(those, key=attrgetter("in_lane"))[: self._room(self.jobs[name], workspace)]
        ]

    def _weigh(self, units: list[Unit]) -> None:
        """What each workspace would hold, and would have been served, once those before it have started."""
        workspaces: dict[str, list[Unit]] = defaultdict(list)
        for unit in units:
            workspaces[unit.workspace].append(unit)
        now = self.shares.get("", 0.0)
        for workspace, those in workspaces.items():
            held = sum(each.workspace_id == workspace for each in self.in_flight)
            for ahead, unit in enumerate(sorted(those, key=attrgetter("in_workspace"))):
                weight = self._weight(unit)
                unit.holds = (held + ahead) / weight
                unit.served = max(self.shares.get(workspace, now), now) + ahead / weight
