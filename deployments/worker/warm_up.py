"""What a process does once, at length, when it first talks to the database: done in the zygote, for all of its runs."""

import logging
from uuid import UUID

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from groundwork.blocks.database import database
from groundwork.blocks.errors import GroundworkError
from groundwork.events.inbox.claim import Run, claim

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 3
"""How long the database may take to answer a zygote. Too long: runs wait for a zygote while it is away."""
_NOBODY = UUID(int=0)


def warm_up() -> None:
    """Meet the database, and let go of it again: no connection may be there at a fork. Where it is away, runs do
    without."""
    try:
        known = database()
        psycopg.connect(known.conninfo, connect_timeout=CONNECT_SECONDS).close()
        try:
            claim(_NOBODY, Run(flow_run_id=_NOBODY))
        finally:
            known.engine.dispose()
    except (psycopg.OperationalError, SQLAlchemyError, GroundworkError) as error:
        logger.info("the database is not met before the first run: %s", error)
