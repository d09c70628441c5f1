"""The job ``apply-crm-change`` of the nurture app: what was changed in an agency's CRM is taken over."""

from groundwork.events.nurture.crm import CrmContactChanged
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.nurture.crm_sync.changes import apply_crm_changes


@job(on=CrmContactChanged, batch=Batch(size=100, wait=0.5))
def apply_crm_change(events: list[CrmContactChanged]) -> list[object]:
    """Take over the changes of a batch, with one outcome per event."""
    return list(apply_crm_changes(events))
