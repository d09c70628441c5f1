"""The job ``send-weekly-digest`` of the contacts app: a workspace's week, mailed to those who want to hear of it."""

from typing import Any

from groundwork.events.contacts.digests import WeeklyDigestDue
from groundwork.flows.job import job
from groundwork.tasks.contacts.digests.steps import count_week, find_subscribers, mail_digests
from groundwork.tasks.mail_round import MailedRound


@job(on=WeeklyDigestDue)
def send_weekly_digest(event: WeeklyDigestDue) -> dict[str, Any]:
    """Mail the figures of a workspace's week to its users, each at most once."""
    user_ids = find_subscribers(event.workspace_id)
    mailed = mail_digests(user_ids, count_week(event.workspace_id, event.week)) if user_ids else MailedRound()
    return {"week": event.week} | mailed.model_dump()
