"""The course of a demo: contacts are categorised, and everything else follows."""

from datetime import UTC, datetime
from pathlib import Path

from groundwork.blocks.database import database
from groundwork.blocks.uuid7 import uuid7
from groundwork.deployments.commands.bars import Bars
from groundwork.deployments.commands.demo_watch import watch_demo
from groundwork.deployments.commands.nurture.demonstration.figures import Figures
from groundwork.deployments.commands.nurture.demonstration.invented import (
    agent_address,
    contacts_of,
    engagement_of,
    store_agency,
)
from groundwork.deployments.commands.nurture.demonstration.report import text_of
from groundwork.deployments.commands.nurture.demonstration.standing import Standing, mailed, standing
from groundwork.deployments.commands.outbox import Outbox
from groundwork.events.identifiers import UserId, WorkspaceId
from groundwork.tasks.nurture.contacts.categorise import categorise_many
from groundwork.tasks.nurture.leads.engagement import record_engagement

READERS = 20
"""Contacts who do something, once that many first mails are out."""
_TOLD = "hot lead told of"


def run(number: int, *, as_json: bool) -> bool:
    """Show it.

    Args:
        number: contacts.
        as_json: print figures for a machine, and nothing else.

    Returns:
        Whether all of it came through.
    """
    workspace_id = WorkspaceId(f"demo-{uuid7().hex[-6:]}")
    course = _Course(workspace_id, number, quiet=as_json)
    error = course.run()
    figures = Figures.of(workspace_id, course.seconds, error, course.alert_mail)
    print(figures.as_json() if as_json else text_of(figures))
    return error is None


class _Course:
    def __init__(self, workspace_id: WorkspaceId, number: int, *, quiet: bool) -> None:
        self._workspace_id, self._number = workspace_id, number
        self._readers = min(READERS, number)
        self._outbox = Outbox(agent_address(workspace_id))
        wanted = {
            "categorised": number,
            "sequences written": number,
            "in the agency's CRM": number,
            "readers scored": self._readers,
            _TOLD: 1,
            "scores in the CRM": min(4, number),
        }
        self._bars = Bars(wanted, quiet=quiet)
        self._engaged_after: float | None = None

    @property
    def alert_mail(self) -> Path | None:
        """File of the mail that tells of the hot lead."""
        return self._outbox.find("Hot lead")

    @property
    def seconds(self) -> dict[str, float]:
        """When each part was complete; of the alert, since the engagement that it tells of."""
        seconds = self._bars.seconds
        if self._engaged_after is not None and _TOLD in seconds:
            return seconds | {_TOLD: round(seconds[_TOLD] - self._engaged_after, 2)}
        return seconds

    def run(self) -> str | None:
        """Do it and wait until all is there; what went wrong, in words."""
        with database().transaction() as connection:
            agent = store_agency(connection, self._workspace_id)
        self._bars.say(f"The agency Harbour & Hill is workspace {self._workspace_id}.")
        with self._bars.shown():
            self._categorise(agent)
            return watch_demo(self._bars, self._workspace_id, self._look)

    def _categorise(self, agent: UserId) -> None:
        """Rows and events in one transaction, as a route handler does it; nothing of the rest is waited for."""
        for category, contacts in contacts_of(self._workspace_id, self._number, agent).items():
            with database().transaction() as connection:
                categorise_many(connection, contacts, category, user_id=agent, at=datetime.now(UTC))

    def _look(self) -> Standing:
        with database().transaction() as connection:
            now = standing(connection, self._workspace_id)
        if self._engaged_after is None and now.first_mails >= self._readers:
            self._engage()
        self._bars.update(self._come(now))
        return now

    def _engage(self) -> None:
        with database().transaction() as connection:
            readers = mailed(connection, self._workspace_id, self._readers)
            for each in engagement_of(self._workspace_id, readers):
                record_engagement(connection, each)
        self._engaged_after = self._bars.elapsed
        self._bars.say(f"{len(readers)} contacts have their first mail: they read it, and one asks for a valuation.")

    def _come(self, now: Standing) -> dict[str, int]:
        return {
            "categorised": now.categorised,
            "sequences written": now.written,
            "in the agency's CRM": now.in_crm,
            "readers scored": now.scored,
            _TOLD: int(self._engaged_after is not None and self.alert_mail is not None),
            "scores in the CRM": now.bands_in_crm if self._engaged_after else 0,
        }
