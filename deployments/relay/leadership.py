"""Which of several relays works: one leads, the others stand by and take over when it is gone.

All that relays do is correct however many do it at once: admission holds a lock, and a delivery is decided on under its
own. Several only cost more, since each would wake for every event. So nothing depends on who leads, and a relay that
leads for a moment longer than it should does no harm.
"""

import logging
import threading

import psycopg

from groundwork.blocks.database import Database, database
from groundwork.blocks.outages import Outages
from groundwork.blocks.prefect_client import one_try_per_request
from groundwork.deployments.health import Pulse

logger = logging.getLogger(__name__)

ASKS_PREFECT = ("the work pool", "posting events")
"""What the leading relay does over and over, and cannot do without Prefect."""
STANDBY_SECONDS = 0.5
"""How often a relay that stands by asks whether it may lead: the pause that the death of the leading one makes."""
HOLD_SECONDS = 1.0
"""How often the leading relay shows that it lives."""
SILENT_SECONDS = 15
"""After so long without a sign of life, as of a process that is stopped, PostgreSQL ends the session, and another relay
leads. Too short: on a busy machine the lead changes for nothing. Too long: nothing is admitted meanwhile."""
AWAY_SECONDS = 30.0
"""How long the leading relay may do without Prefect before it offers the lead to one that may reach it."""
OFFER_SECONDS = 1.5
ELECTION = "electing a relay"
_LOCK = "SELECT pg_try_advisory_lock(x'72656C6179'::bigint)"
_UNLOCK = "SELECT pg_advisory_unlock(x'72656C6179'::bigint)"
_SILENCE = f"SET idle_session_timeout = '{SILENT_SECONDS}s'"
_KEEPALIVE = (
    "SET tcp_keepalives_idle = 3",
    "SET tcp_keepalives_interval = 2",
    "SET tcp_keepalives_count = 3",
    "SET tcp_user_timeout = 9000",
)
"""A machine that is lost says no farewell, and an answer to it would be sent again for a quarter of an hour."""
_OURS = {"keepalives_idle": 3, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 9000}

_Session = psycopg.Connection[tuple[object, ...]]


class Leadership:
    """Elects a relay by a lock that belongs to a session: PostgreSQL gives it to another when the session ends.

    Behind a pooler, where no session is kept and no direct address is known, every relay leads.

    Args:
        outages: takes note while nobody can be elected.
        pulse: beats with the election.

    Attributes:
        elected: whether it is known who leads.
    """

    def __init__(self, outages: Outages, pulse: Pulse) -> None:
        self.elected = False
        self._outages = outages
        self._pulse = pulse
        self._leads = threading.Event()
        self._told_by_pooler = False

    @property
    def leads(self) -> bool:
        """Whether this relay is the one that works."""
        return self._leads.is_set()

    def wait(self, seconds: float) -> None:
        """Wait until this relay leads, for so many seconds at most."""
        self._leads.wait(seconds)

    def keep(self, stop: threading.Event) -> None:
        """Stand for election until told to stop."""
        # Prefect may have to be asked where the database is.
        with one_try_per_request():
            while not stop.is_set():
                self._pulse.beat("election")
                with self._outages.watching(ELECTION) as trial:
                    try:
                        self._one_term(stop)
                    except psycopg.errors.IdleSessionTimeout:
                        logger.warning("this relay had stopped for %s s, so that another may lead", SILENT_SECONDS)
                    finally:
                        self._leads.clear()
                stop.wait(trial.pause)

    def _one_term(self, stop: threading.Event) -> None:
        direct = database().direct
        if direct is None:
            self._lead_without_session(stop)
            return
        with _session(direct) as session:
            if not _taken(session):
                self._stand_by(session, stop)
            if stop.is_set():
                return
            self._outages.worked(ELECTION)
            self._leads.set()
            self.elected = True
            logger.info("this relay leads")
            self._lead(session, stop)

    def _stand_by(self, session: _Session, stop: threading.Event) -> None:
        """Wait until the lead is free."""
        # What failed for this relay is the leading one's concern now.
        self._outages.forget()
        self.elected = True
        logger.info("another relay leads; this one stands by")
        while not stop.wait(STANDBY_SECONDS) and not _taken(session):
            self._pulse.beat("election")

    def _lead(self, session: _Session, stop: threading.Event) -> None:
        """Keep the lead until told to stop, or until another relay takes what was offered to it."""
        offer_at = AWAY_SECONDS
        while not stop.wait(HOLD_SECONDS):
            session.execute("SELECT 1")
            self._pulse.beat("election")
            away = self._outages.seconds_failing(*ASKS_PREFECT)
            if away < offer_at:
                offer_at = AWAY_SECONDS if away < AWAY_SECONDS else offer_at
                continue
            offer_at = away + AWAY_SECONDS
            session.execute(_UNLOCK)
            if stop.wait(OFFER_SECONDS) or not _taken(session):
                return

    def _lead_without_session(self, stop: threading.Event) -> None:
        if not self._told_by_pooler:
            self._told_by_pooler = True
            logger.info("a pooler keeps no session, so relays cannot elect one: each works (docs/operations.md)")
        self._leads.set()
        self.elected = True
        while not stop.wait(HOLD_SECONDS):
            self._pulse.beat("election")


def _session(direct: Database) -> _Session:
    session = psycopg.connect(direct.conninfo, autocommit=True, **_OURS)  # type: ignore[arg-type]
    session.execute(_SILENCE)
    if session.info.host and not session.info.host.startswith("/"):
        for statement in _KEEPALIVE:
            session.execute(statement)
    return session


def _taken(session: _Session) -> bool:
    return session.execute(_LOCK).fetchone() == (True,)
