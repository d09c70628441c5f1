"""One mail to the operators about every dead letter that they have not been told of."""

import logging
from collections import Counter
from typing import Any
from uuid import uuid5

from prefect.utilities.urls import url_for

from groundwork.blocks.database import database
from groundwork.blocks.mail.headers import clean
from groundwork.events.inbox.dead_letters import DeadLetter, deaths_to_mail, note_mailed
from groundwork.notifications.operators import notify_operators
from groundwork.tasks.step import step

logger = logging.getLogger(__name__)

SHOWN = 20
"""Dead letters that a mail quotes; it counts the others."""
LONGEST_ERROR = 500
"""Characters of an error that it quotes: 20 of them, with markup, stay below the 102 kB at which Gmail cuts."""
JOBS_SHOWN = 50
"""Jobs that it counts by name, those with the most dead letters first."""


@step(memoise=False)
def mail_operators() -> int:
    """Mail the operators. Where the note that they were told is lost, they get the same mail, with the same Message-ID,
    again.

    Returns:
        How many dead letters there were.
    """
    with database().transaction() as connection:
        deaths = deaths_to_mail(connection)
    if not deaths:
        return 0
    # No transaction is open meanwhile: a replay would wait for the mail server.
    first_death = uuid5(deaths[0].id, deaths[0].died_at.isoformat())
    if not notify_operators("dead_letters", mail_of(deaths), about=first_death):
        logger.warning("%s dead letters, and GROUNDWORK_OPERATORS_EMAIL names nobody to tell", len(deaths))
    with database().transaction() as connection:
        note_mailed(connection, deaths)
    return len(deaths)


def mail_of(deaths: list[DeadLetter]) -> dict[str, Any]:
    """What the mail shows of these dead letters, which are in the order of their deaths."""
    jobs = Counter(each.job for each in deaths)
    return {
        "total": len(deaths),
        "jobs": [{"job": job, "number": number} for job, number in jobs.most_common(JOBS_SHOWN)],
        "latest": [
            each.model_dump(include={"job", "workspace_id", "event_id", "attempt"})
            | {"last_error": clean(each.last_error or "", LONGEST_ERROR)}
            | {"run_url": url_for("flow-run", obj_id=each.flow_run_id) if each.flow_run_id else None}
            for each in deaths[::-1][:SHOWN]
        ],
    }
