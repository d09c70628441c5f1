"""The job ``send-welcome`` of the contacts app: a person who signs up gets one mail."""

from typing import Any

from groundwork.events.contacts.users import UserSignedUp
from groundwork.flows.job import job
from groundwork.tasks.contacts.users.steps import claim_welcome, mail_welcome


@job(on=UserSignedUp, light=True, lane=5, interactive=True)
def send_welcome(event: UserSignedUp) -> dict[str, Any]:
    """Welcome a new user, at most once for ever."""
    claim = claim_welcome(event.user_id)
    if not claim.ours:
        return {"sent": False, "reason": f"the welcome mail of this user is that of delivery {claim.delivery_id}"}
    return {"sent": mail_welcome(event.user_id)}
