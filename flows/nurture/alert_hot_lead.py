"""The job ``alert-hot-lead`` of the nurture app: the contact's agent hears of a hot lead, outside of quiet hours."""

from typing import Any

from groundwork.events.nurture.leads import HotLeadDetected
from groundwork.flows.job import job
from groundwork.flows.waiting import sleep
from groundwork.tasks.nurture.leads.alerts import TEMPLATE, claim_alert, find_end_of_quiet, prepare_alert, told
from groundwork.tasks.nurture.notify import call_webhook, mail_agent


@job(on=HotLeadDetected, light=True, lane=5, interactive=True)
def alert_hot_lead(event: HotLeadDetected) -> dict[str, Any]:
    """Tell the agent, or all of the agency's people, by mail and webhook; once for each time that a lead gets hot."""
    if not claim_alert(event.workspace_id, event.contact_id, event.crossing):
        return {"told": False, "reason": "another delivery tells of this crossing"}
    quiet_until = find_end_of_quiet(event.workspace_id)
    if quiet_until is not None:
        sleep("quiet-hours", until=quiet_until)
    alert = prepare_alert(event)
    # Side by side: a webhook that is away for an hour keeps no mail waiting, and a mail server no webhook.
    webhook = call_webhook.submit(event.workspace_id, alert.message_id, alert.payload)
    mails = [mail_agent.submit(each, TEMPLATE, alert.values) for each in alert.user_ids]
    return told([each.result() for each in mails], webhook.result())
