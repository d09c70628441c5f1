"""A gym, its members and what they log: all of it invented, and the same for the same number and day."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, insert

from groundwork.blocks.schema.fitness.gym import gym, member
from groundwork.events.identifiers import WorkspaceId
from groundwork.notifications.users import store_user
from groundwork.tasks.fitness.members.local_days import local_time
from groundwork.tasks.fitness.risks.thresholds import Threshold, set_threshold
from groundwork.tasks.fitness.workouts.log import Benchmark, Workout

ZONE = "Europe/London"
DAYS = 90
"""Of history, until yesterday."""
_STAYED_AWAY = 24
"""Days since those were there who come no more."""

_ID = "member-"
_FIRST = (
    "Ines", "Maren", "Tobi", "Ludo", "Sanne", "Ewan", "Noor", "Petra", "Callum", "Asha", "Jory", "Mila", "Bram",
    "Oona", "Radek", "Thea", "Ivo", "Selma", "Kit", "Dara", "Levi", "Runa", "Anouk",
)  # fmt: skip
_LAST = (
    "Calder", "Holt", "Astley", "Birk", "Corran", "Dunmore", "Elver", "Fairholm", "Garrow", "Hexley", "Innerd",
    "Jessop", "Kilmory", "Larkin", "Mossend", "Northway", "Ormsby", "Pellow", "Quarrie", "Ravenby", "Stroud", "Tarbet",
)  # fmt: skip
_WEEKS = ((0, 2, 4), (1, 3, 5), (0, 2, 4, 6), (0, 1, 3, 5), (0, 1, 2, 4, 5))
"""Days of the week on which people train, moved by a day from member to member."""


@dataclass(frozen=True, slots=True)
class Gym:
    """A gym of so many members.

    Attributes:
        spiking: place of the member who is about to train far too much.
        star: place of the one whom others follow.
    """

    workspace_id: WorkspaceId
    members: int
    spiking: int = 0
    star: int = 1

    @property
    def coach_address(self) -> str:
        """Where the coach gets mail; no other demo's coach has it."""
        return f"noa@{self.workspace_id}.example"

    @property
    def today(self) -> date:
        """In the gym's zone."""
        return local_time(ZONE, datetime.now(UTC)).date()

    @property
    def wearing(self) -> list[int]:
        """Those who wear a band at night."""
        return [place for place in range(self.members) if place % 5 < 3]

    @property
    def sleepless(self) -> frozenset[int]:
        """Those of them who sleep too little."""
        return frozenset(range(6, self.members, 400))

    @property
    def leaving(self) -> frozenset[int]:
        """Those who come no more."""
        return frozenset(range(7, self.members, 200))


def member_id(place: int) -> str:
    """Id of a member."""
    return f"{_ID}{place + 1}"


def member_name(place: int) -> str:
    """Name of a member; 506 are different."""
    round_, first = divmod(place, len(_FIRST))
    return f"{_FIRST[first]} {_LAST[(round_ + first) % len(_LAST)]}"


def name_of(member: str) -> str:
    """Name of the member who has an id."""
    return member_name(int(member.removeprefix(_ID)) - 1)


def store_gym(connection: Connection, of: Gym) -> None:
    """The gym with its members and two people who read mails: the coach, and the member whom others follow."""
    coach, star = f"coach-of-{of.workspace_id}", f"star-of-{of.workspace_id}"
    store_user(connection, coach, of.workspace_id, email=of.coach_address, name="Noa Lindqvist")
    name = member_name(of.star)
    store_user(connection, star, of.workspace_id, email=f"star@{of.workspace_id}.example", name=name)
    row = {
        "workspace_id": of.workspace_id,
        "name": "Northgate Barbell",
        "owner_id": coach,
        "time_zone": ZONE,
        # At whatever hour the demo is run, a digest may be mailed.
        "quiet_from": time(0),
        "quiet_until": time(0),
    }
    connection.execute(insert(gym).values(row))
    members = [
        {
            "workspace_id": of.workspace_id,
            "id": member_id(place),
            "name": member_name(place),
            "user_id": star if place == of.star else None,
            "coach_id": coach,
            "joined_on": of.today - timedelta(days=DAYS + 30),
        }
        for place in range(of.members)
    ]
    connection.execute(insert(member), members)
    # There is no threshold of load that fits all, so that a gym has one only if it has set it.
    set_threshold(connection, of.workspace_id, Threshold("load-spike", above=1.5, below=1.3, cool_down_days=7))


def workouts_of(of: Gym, place: int) -> Iterator[Workout]:
    """What a member has logged until yesterday: the same days each week, with about the same load."""
    chance = random.Random(place)  # noqa: S311 - invented, and the same each time
    weekdays = {(each + place) % 7 for each in _WEEKS[place % len(_WEEKS)]}
    away = _STAYED_AWAY if place in of.leaving else 0
    for ago in range(DAYS, away, -1):
        day = of.today - timedelta(days=ago)
        if day.weekday() in weekdays:
            yield Workout(
                id=f"{member_id(place)}:{day}",
                member_id=member_id(place),
                at=datetime.combine(day, time(12), UTC),
                minutes=chance.randint(50, 60),
                rpe=chance.choice((5, 5.5, 6)),
            )


def spike_of(of: Gym, now: datetime) -> Iterator[Workout]:
    """Four hard days of somebody who trains on three days a week, the last of them now."""
    for ago in (3, 2, 1, 0):
        yield Workout(
            id=f"spike:{ago}",
            member_id=member_id(of.spiking),
            at=now - timedelta(days=ago),
            minutes=110,
            rpe=9,
        )


def benchmarks_of(of: Gym, now: datetime) -> Iterator[Benchmark]:
    """The back squat of the same member, who gets stronger."""
    for ago, weight in ((84, 92.5), (56, 95), (28, 97.5), (0, 105)):
        yield Benchmark(
            id=f"squat:{ago}",
            member_id=member_id(of.spiking),
            at=now - timedelta(days=ago),
            exercise="back-squat",
            weight_kg=weight,
            repetitions=5,
        )
