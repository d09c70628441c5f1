"""What is sent during a storm: by whom, when, and what has to come of it."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.count_events import BatchedCountWanted, CountWanted, OrderedCountWanted
from tests.integration.stack.application import Application

WORKSPACES = 20
CONTACTS = 3
"""Rows of each import."""
_JOBS = {
    "count": CountWanted.event_name,
    "count-in-order": OrderedCountWanted.event_name,
    "count-together": BatchedCountWanted.event_name,
}
_IMPORTS, _SINGLES = 0.02, 0.08
"""Shares of the events; the others are counted in batches."""
_LARGEST_REQUEST = 40

Count = tuple[str, str, int]
"""Job, workspace and number."""


@dataclass(frozen=True)
class Request:
    """Events that are sent together.

    Attributes:
        at: seconds after the begin of the storm.
        events: envelopes, each with an id.
    """

    at: float
    events: Sequence[Mapping[str, Any]]


@dataclass
class Load:
    """All that is sent.

    Attributes:
        requests: by workspace, in the order in which they are sent.
        counts: by the envelope's id: what it is to count.
        imports: by the envelope's id: the import that it confirms.
    """

    requests: dict[str, list[Request]] = field(default_factory=lambda: defaultdict(list))
    counts: dict[str, Count] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)

    @property
    def events(self) -> int:
        return len(self.counts) + len(self.imports)


def workspace_names() -> list[str]:
    return [f"storm-{number:02}" for number in range(WORKSPACES)]


def imports_of(events: int) -> int:
    """How many of so many events are imports."""
    return max(int(events * _IMPORTS), 2)


def plan(rng: random.Random, events: int, seconds: float, uploads: Sequence[tuple[Application, str]]) -> Load:
    """Spread events over workspaces and time; the even workspaces count in order, the odd ones in any.

    Args:
        rng: decides; the same state gives the same plan.
        events: how many in all.
        seconds: within which they are sent.
        uploads: imports to confirm, each with the application that uploaded its file.
    """
    names = workspace_names()
    wanted: list[tuple[float, str, str, Any]] = []
    for application, import_id in uploads:
        wanted.append((rng.uniform(0, seconds), application.workspace, "import", (application.user, import_id)))
    singles = max(int(events * _SINGLES), 2)
    for each in range(singles):
        number = each % WORKSPACES
        job = "count-in-order" if number % 2 == 0 else "count"
        wanted.append((rng.uniform(0, seconds), names[number], job, 1))
    left = max(events - singles - len(uploads), 0)
    while left:
        size = min(rng.randint(1, _LARGEST_REQUEST), left)
        wanted.append((rng.uniform(0, seconds), rng.choice(names), "count-together", size))
        left -= size
    return _numbered(sorted(wanted, key=lambda each: each[:3]))


def _numbered(wanted: Sequence[tuple[float, str, str, Any]]) -> Load:
    load = Load()
    next_number: dict[tuple[str, str], int] = defaultdict(int)
    for at, workspace, job, what in wanted:
        if job == "import":
            user, import_id = what
            data = {"workspaceId": workspace, "userId": user, "importId": import_id}
            load.imports[import_id] = import_id
            events = [{"name": "import/csv.confirmed", "id": import_id, "data": data}]
        else:
            events = []
            for _ in range(what):
                number = next_number[workspace, job]
                next_number[workspace, job] += 1
                key = f"{workspace}:{job}:{number}"
                load.counts[key] = (job, workspace, number)
                events.append({"name": _JOBS[job], "id": key, "data": {"workspaceId": workspace, "number": number}})
        load.requests[workspace].append(Request(at, events))
    return load
