"""The steps of the weekly digest."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.events.identifiers import WorkspaceId
from groundwork.notifications.recipient import subscribers
from groundwork.tasks import mail_patience
from groundwork.tasks.contacts.digests.announce import Announcement, announce
from groundwork.tasks.contacts.digests.figures import WeeklyFigures, weekly_figures
from groundwork.tasks.contacts.digests.mailing import TEMPLATE, MailedDigests, mail_to_all
from groundwork.tasks.contacts.digests.week import Week
from groundwork.tasks.step import step


@step(ledger=True)
def announce_week(connection: Connection, week: str | None) -> Announcement:
    """Announce a week, or the last complete one, to the workspaces that were active in it.

    A late run of the schedule means the last complete week, too. A week that passed without a run gets no digest.
    """
    wanted = Week.named(week) if week else Week.last_complete(datetime.now(UTC))
    return announce(connection, wanted)


@step
def find_subscribers(workspace_id: WorkspaceId) -> list[str]:
    """The ids of the users who want the digest. Remembered: a later attempt mails the same ones."""
    with database().transaction() as connection:
        return [str(each) for each in subscribers(connection, workspace_id, TEMPLATE)]


@step(ledger=True, key=("week",))
def count_week(connection: Connection, workspace_id: WorkspaceId, week: str) -> WeeklyFigures:
    """The figures of the week. Counted once: all mails of a delivery say the same."""
    return weekly_figures(connection, workspace_id, Week.named(week))


@step(
    retries=mail_patience.RETRIES,
    first_delay=mail_patience.FIRST_DELAY,
    longest_delay=mail_patience.LONGEST_DELAY,
    key=("figures.week",),
    provider=True,
)
def mail_digests(user_ids: list[str], figures: WeeklyFigures) -> MailedDigests:
    """Send the digest to each of the users, unless they have turned it off or left the workspace since.

    Raises:
        MailsNotSent, MailsRefused: see :func:`groundwork.tasks.contacts.digests.mailing.mail_to_all`.
    """
    return mail_to_all(user_ids, digest_values(figures))


def digest_values(week: WeeklyFigures) -> dict[str, Any]:
    """What the template ``weekly_digest`` shows."""
    span = Week.named(week.week)
    return {
        "begins": span.first_day,
        "ends": span.last_day,
        "measures": [each.model_dump() for each in week.measures],
        "tags": [each.model_dump() for each in week.tags],
        "chart": week.chart.image() if week.chart else None,
    }
