"""The job ``generate-sequence`` of the nurture app: contacts get a sequence of three mails in the agency's voice."""

from typing import Any

from groundwork.events.nurture.sequences import SequenceWanted
from groundwork.flows.flow_control import Batch
from groundwork.flows.job import job
from groundwork.tasks.nurture.brand_voice import resolve_brand_voice
from groundwork.tasks.nurture.sequences.outcomes import outcomes_of
from groundwork.tasks.nurture.sequences.record import requests_of
from groundwork.tasks.nurture.sequences.steps import find_work, store_sequences
from groundwork.tasks.nurture.sequences.writing import failed, usable, write


@job(on=SequenceWanted, batch=Batch(size=100, wait=0.5))
def generate_sequence(events: list[SequenceWanted]) -> list[Any]:
    """Write, check and store the sequences of a lane's contacts; one outcome for each."""
    workspace_id, requests = events[0].workspace_id, requests_of(events)
    voice = resolve_brand_voice(workspace_id)
    written = write(workspace_id, find_work(workspace_id, requests, voice), voice)
    stored = store_sequences(workspace_id, requests, voice, written=usable(written), unwritten=failed(written))
    return outcomes_of(requests, stored, written)
