"""How far clocks are apart: this machine's, PostgreSQL's and that of Prefect's server.

The inbox goes by PostgreSQL's clock alone. What Prefect says of a run is of its server's clock, and compared with that.
So clocks may differ; they are told of where they do, since traces, signatures and schedules are read by people and
others.
"""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
from prefect.settings import PREFECT_API_URL
from sqlalchemy import text

from groundwork.blocks.database import database

logger = logging.getLogger(__name__)

TOLERATED = timedelta(seconds=5)
"""Differences that nobody is told of."""
_ASK_SECONDS = 5.0


@dataclass(frozen=True)
class Reading:
    """Another clock, read once.

    Attributes:
        ahead: by how much it is ahead of ours.
        accuracy: how far off that may be.
    """

    ahead: timedelta
    accuracy: timedelta

    @property
    def differs(self) -> bool:
        """Whether it differs by more than is tolerated, whatever the accuracy."""
        return abs(self.ahead) - self.accuracy > TOLERATED


def database_clock() -> Reading:
    """PostgreSQL's clock.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: it cannot be asked.
    """
    with database().transaction() as connection:
        connection.execute(text("SELECT 1"))  # a connection that has to be made first takes its time
        before, began = datetime.now(UTC), time.monotonic()
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return _reading(theirs, before, time.monotonic() - began)


def prefect_clock() -> Reading | None:
    """The clock of Prefect's server, by the date of an answer; None where it says none.

    Raises:
        httpx.HTTPError: it cannot be asked.
    """
    before, began = datetime.now(UTC), time.monotonic()
    answer = httpx.get(f"{str(PREFECT_API_URL.value()).rstrip('/')}/health", timeout=_ASK_SECONDS)
    took = time.monotonic() - began
    try:
        said = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
    # A date has whole seconds, and servers write it once a second.
    return _reading(said.replace(tzinfo=said.tzinfo or UTC) + timedelta(seconds=1), before, took + 2.0)


def _reading(theirs: datetime, before: datetime, took: float) -> Reading:
    half = timedelta(seconds=took / 2)
    return Reading(theirs - (before + half), half)


class Clocks:
    """What is known of the other clocks. The relay reads them now and then."""

    def __init__(self) -> None:
        self._prefect: Reading | None = None
        self._told: set[str] = set()

    def read(self) -> None:
        """Read both, and tell of those that differ.

        Raises:
            httpx.HTTPError, sqlalchemy.exc.SQLAlchemyError: one cannot be asked; the other was.
        """
        self._tell("PostgreSQL's server", database_clock())
        self._prefect = prefect_clock()
        if self._prefect is not None:
            self._tell("Prefect's server", self._prefect)

    def prefect_now(self) -> datetime:
        """The time by the clock of Prefect's server, within two seconds, as far as it is known."""
        now = datetime.now(UTC)
        return now + self._prefect.ahead if self._prefect and self._prefect.differs else now

    def _tell(self, whose: str, clock: Reading) -> None:
        if clock.differs and whose not in self._told:
            self._told.add(whose)
            logger.warning("%s", difference(whose, clock))
        elif not clock.differs and whose in self._told:
            self._told.remove(whose)
            logger.warning("the clocks of this machine and of %s agree again", whose)


def difference(whose: str, clock: Reading) -> str:
    """What a person is told of a clock that differs."""
    seconds = clock.ahead.total_seconds()
    return (
        f"the clock of {whose} is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} this machine's. Jobs "
        "run all the same; times of traces, signed requests and schedules are off by as much. Let both ask a time "
        "server (NTP)"
    )


_clocks = Clocks()


def clocks() -> Clocks:
    """What this process knows of the other clocks."""
    return _clocks
