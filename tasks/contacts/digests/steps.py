"""The steps of the weekly digest."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.errors import NonRetriable
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import running_attempt
from groundwork.notifications.local import Local
from groundwork.notifications.recipient import subscribers
from groundwork.notifications.workspaces import local_of
from groundwork.tasks.contacts.digests.announce import Announcement, announce
from groundwork.tasks.contacts.digests.figures import WeeklyFigures, weekly_figures
from groundwork.tasks.contacts.digests.week import Week
from groundwork.tasks.mail_patience import MAIL_PATIENCE
from groundwork.tasks.mail_round import MailedRound, mail_round
from groundwork.tasks.step import step

_TEMPLATE = "weekly_digest"


@step(ledger=True)
def announce_week(connection: Connection, week: str | None) -> Announcement:
    """Announce a week, or the last complete one, to the workspaces that were active in it.

    A late run of the schedule means the last complete week, too. A week that passed without a run gets no digest.

    Raises:
        NonRetriable: the week is not over. Its digest would tell of a part, and there is one digest of a week.
    """
    last = Week.last_complete(datetime.now(UTC))
    wanted = Week.named(week) if week else last
    if wanted.monday > last.monday:
        raise NonRetriable(f"The week {wanted.name} is not over. Its digest goes out on the Monday after it.")
    return announce(connection, wanted)


@step
def find_subscribers(workspace_id: WorkspaceId) -> list[str]:
    """The ids of the users who want the digest. Remembered: a later attempt mails the same ones."""
    with database().transaction() as connection:
        return [str(each) for each in subscribers(connection, workspace_id, _TEMPLATE)]


@step(ledger=True, key=("week",))
def count_week(connection: Connection, workspace_id: WorkspaceId, week: str) -> WeeklyFigures:
    """The figures of the week. Counted once: all mails of a delivery say the same."""
    return weekly_figures(connection, workspace_id, Week.named(week))


@step(**MAIL_PATIENCE, key=("figures.week",), provider=True)
def mail_digests(user_ids: list[str], figures: WeeklyFigures) -> MailedRound:
    """Send the digest to each of the users, unless they have turned it off or left the workspace since.

    Raises:
        MailsNotSent, MailsRefused: see :func:`groundwork.tasks.mail_round.mail_round`.
    """
    with database().transaction() as connection:
        local = local_of(connection, WorkspaceId.stored(running_attempt().workspace_id))
    return mail_round(_TEMPLATE, user_ids, digest_values(figures, local))


def digest_values(week: WeeklyFigures, local: Local) -> dict[str, Any]:
    """What the template ``weekly_digest`` shows.

    Args:
        local: of the workspace, for the chart, which is drawn once for all its users.
    """
    span, chart = Week.named(week.week), week.chart(local)
    return {
        "begins": span.days[0].isoformat(),
        "ends": span.days[-1].isoformat(),
        "measures": [each.model_dump() for each in week.measures],
        "tags": [each.model_dump() for each in week.tags],
        "chart": chart.image() if chart else None,
    }
