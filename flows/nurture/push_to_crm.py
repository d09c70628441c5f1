"""The job ``push-to-crm`` of the nurture app: what we know of contacts goes to their agency's CRM."""

from groundwork.events.nurture.crm import CrmPushWanted
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.nurture.crm_sync.outgoing import Wanted
from groundwork.tasks.nurture.crm_sync.push import push_contacts, push_later, read_outgoing, record_push, results


@job(on=CrmPushWanted, batch=Batch(size=100, wait=1.0))
def push_to_crm(events: list[CrmPushWanted]) -> list[object]:
    """Push the contacts of a batch, each once, with one outcome per event."""
    wanted = Wanted.of(events)
    going = read_outgoing(wanted)
    if not going.contacts:
        return results(events, going)
    pushed = push_contacts(going.account, going.contacts, going.digest)
    record_push(going, pushed.outcomes, going.digest)
    if pushed.later:
        push_later(wanted, [each.contact_id for each in going.contacts], pushed, going.digest)
    return results(events, going, pushed)
