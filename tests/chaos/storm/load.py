"""What is sent during a storm: by whom, when, and what has to come of it."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from groundwork.events.contacts.imports import CsvImportConfirmed
from groundwork.events.contacts.users import UserSignedUp
from tests.chaos.count_events import (
    BatchedCountWanted,
    CountTold,
    CountWanted,
    CrashWanted,
    OrderedCountWanted,
    PatientCountWanted,
)
from tests.integration.stack.application import Application

WORKSPACES = 20
CONTACTS = 3
"""Rows of each import."""
_JOBS = {
    "count": CountWanted.event_name,
    "count-in-order": OrderedCountWanted.event_name,
    "count-together": BatchedCountWanted.event_name,
    "count-when-told": PatientCountWanted.event_name,
    "crash": CrashWanted.event_name,
    "hear": CountTold.event_name,
}
_IMPORTS, _USERS, _SINGLES, _PATIENT = 0.02, 0.04, 0.06, 0.015
"""Shares of the events; the others are counted in batches."""
_CRASHES = 0.002
"""Share of the events that end the process of each attempt at them."""
_SPOILT = {"count": (("refused",), 5), "count-together": (("misfit", "unstorable"), 12)}
"""By job: what is wrong with one of so many of its events, in turn."""
_COUNTED = (None, "unstorable")
"""What is wrong with those that are counted all the same."""
_USERS_PER_REPEAT = 4
"""Of so many users, one signs up twice."""
_SECOND_SIGN_UP = 2.0
"""Seconds after the first, at most."""
_LONGEST_SILENCE = 8.0
"""Seconds that one who waits to be told to count waits at most, if nothing breaks."""
_LARGEST_REQUEST = 40

Count = tuple[str, str, int]
"""Job, workspace and number."""
Letter = tuple[str, str]
"""Recipient and subject of a mail."""


@dataclass(frozen=True)
class User:
    """Someone who signs up, and whom the application has stored."""

    id: str
    workspace: str

    @property
    def name(self) -> str:
        return self.id.title()

    @property
    def email(self) -> str:
        return f"{self.id}@example.com"


@dataclass(frozen=True)
class Upload:
    """A file that an application has uploaded, and whose import is to be confirmed."""

    application: Application
    import_id: str
    filename: str


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
        letters: by the envelope's id: the mail that is to be sent. Two sign-ups of one user are to bring one.
        poison: by the envelope's id, what is wrong with it: such an event is to end as a dead letter, and alone.
    """

    requests: dict[str, list[Request]] = field(default_factory=lambda: defaultdict(list))
    counts: dict[str, Count] = field(default_factory=dict)
    letters: dict[str, Letter] = field(default_factory=dict)
    poison: dict[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> set[str]:
        """The ids of all envelopes."""
        return {*self.counts, *self.letters, *self.poison}


def workspace_names() -> list[str]:
    return [f"storm-{number:02}" for number in range(WORKSPACES)]


def imports_of(events: int) -> int:
    """How many of so many events are imports."""
    return max(int(events * _IMPORTS), 2)


def users_of(events: int) -> list[User]:
    """Who signs up, of so many events."""
    names = workspace_names()
    return [User(f"user-{each}", names[each % WORKSPACES]) for each in range(max(int(events * _USERS), 4))]


def plan(rng: random.Random, events: int, seconds: float, uploads: Sequence[Upload], users: Sequence[User]) -> Load:
    """Spread events over workspaces and time; the even workspaces count in order, the odd ones in any.

    Args:
        rng: decides; the same state gives the same plan.
        events: how many in all.
        seconds: within which they are sent.
        uploads: imports to confirm.
        users: who signs up, some of them twice.
    """
    names = workspace_names()
    wanted: list[tuple[float, str, str, Any]] = []
    for upload in uploads:
        wanted.append((rng.uniform(0, seconds), upload.application.workspace, "import", upload))
    for number, user in enumerate(users):
        at = rng.uniform(0, seconds)
        wanted.append((at, user.workspace, "sign-up", (user, "first")))
        if number % _USERS_PER_REPEAT == 0:
            wanted.append((at + rng.uniform(0, _SECOND_SIGN_UP), user.workspace, "sign-up", (user, "second")))
    singles = max(int(events * _SINGLES), 2)
    for each in range(singles):
        number = each % WORKSPACES
        job = "count-in-order" if number % 2 == 0 else "count"
        wanted.append((rng.uniform(0, seconds), names[number], job, 1))
    for each in range(max(int(events * _PATIENT), 2)):
        workspace, at = names[each % WORKSPACES], rng.uniform(0, seconds)
        # They are numbered in order of time: the n-th that is told comes after the n-th that waits for it.
        wanted.append((at, workspace, "count-when-told", 1))
        wanted.append((at + rng.uniform(0.1, _LONGEST_SILENCE), workspace, "hear", 1))
    for each in range(max(int(events * _CRASHES), 1)):
        wanted.append((rng.uniform(0, seconds), names[each % WORKSPACES], "crash", 1))
    left = max(events - len(wanted), 0)
    while left:
        size = min(rng.randint(1, _LARGEST_REQUEST), left)
        wanted.append((rng.uniform(0, seconds), rng.choice(names), "count-together", size))
        left -= size
    return _numbered(sorted(wanted, key=lambda each: each[:3]))


def _numbered(wanted: Sequence[tuple[float, str, str, Any]]) -> Load:
    load = Load()
    next_number: dict[tuple[str, str], int] = defaultdict(int)
    planned: dict[str, int] = defaultdict(int)
    for at, workspace, job, what in wanted:
        if job == "import":
            key, person = what.import_id, what.application
            data = {"workspaceId": workspace, "userId": person.user, "importId": what.import_id}
            load.letters[key] = (person.email, f"Import finished: {what.filename}")
            events = [{"name": CsvImportConfirmed.event_name, "id": key, "data": data}]
        elif job == "sign-up":
            user, which = what
            key = f"{user.id}:{which}"
            load.letters[key] = (user.email, f"Welcome, {user.name}")
            events = [
                {"name": UserSignedUp.event_name, "id": key, "data": {"workspaceId": workspace, "userId": user.id}}
            ]
        else:
            events = []
            for _ in range(what):
                number = next_number[workspace, job]
                next_number[workspace, job] += 1
                key = f"{workspace}:{job}:{number}"
                data = {"workspaceId": workspace, "number": number}
                planned[job] += 1
                if spoilt := _spoilt(job, planned[job]):
                    load.poison[key] = spoilt
                    data |= {"spoilt": spoilt} if job in _SPOILT else {}
                if spoilt in _COUNTED:
                    load.counts[key] = (job, workspace, number)
                events.append({"name": _JOBS[job], "id": key, "data": data})
        load.requests[workspace].append(Request(at, events))
    return load


def _spoilt(job: str, place: int) -> str | None:
    """What is wrong with the event of a job that is planned in this place, if anything is."""
    if job == "crash":
        return "crash"
    kinds, every = _SPOILT.get(job, ((), 1))
    return kinds[place // every % len(kinds)] if kinds and place % every == 0 else None
