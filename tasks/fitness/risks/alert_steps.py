"""The steps of the jobs that tell of alerts, and their order, which is the same for each kind of alert."""

from typing import Any

from prefect.artifacts import create_markdown_artifact

from groundwork.blocks.database import database
from groundwork.events.fitness.alerts import Alert
from groundwork.events.identifiers import UserId
from groundwork.events.inbox import running_attempt
from groundwork.notifications import notify_once
from groundwork.tasks.fitness.risks.mailing import Receiver, receiver_of, report, values_of
from groundwork.tasks.mail_patience import MAIL_PATIENCE
from groundwork.tasks.step import step

_TEMPLATE = "risk_alert"


def tell(alert: Alert) -> dict[str, Any]:
    """Tell the coach or the owner of an alert, once, and show it in Prefect."""
    receiver = find_receiver(alert)
    if receiver is None:
        return {"sent": False, "reason": "the member is no longer there"}
    publish_alert(alert)
    if receiver.user_id is None:
        return {"sent": False, "reason": "neither the member's coach nor the gym's owner is a user of the workspace"}
    return {"sent": mail_alert(alert, receiver), "to": receiver.user_id}


@step
def find_receiver(alert: Alert) -> Receiver | None:
    """Who is to be told. Remembered: a later attempt mails nobody else."""
    with database().transaction() as connection:
        return receiver_of(connection, alert)


@step
def publish_alert(alert: Alert) -> str:
    """Show the alert as an artifact of the run."""
    markdown = report(alert)
    create_markdown_artifact(markdown, key="risk-alert", description=f"Alert for delivery {_delivery()}")
    return markdown


@step(**MAIL_PATIENCE, provider=True)
def mail_alert(alert: Alert, receiver: Receiver) -> bool:
    """Mail the alert with its chart, unless the person has turned such mails off.

    Returns:
        Whether a message was sent.
    """
    with database().transaction() as connection:
        values = values_of(connection, alert, receiver.member_name)
    return notify_once(UserId.stored(str(receiver.user_id)), _TEMPLATE, values)


def _delivery() -> str:
    return str(running_attempt().delivery_id)
