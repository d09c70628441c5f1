"""The digests of a batch: one member's fault keeps them from nobody else."""

from collections.abc import Sequence
from typing import Any

from groundwork.blocks.errors import MailTemporarilyRefused
from groundwork.events.fitness.social import DigestWanted
from groundwork.events.identifiers import UserId
from groundwork.tasks.attempt_end import ends_the_attempt
from groundwork.tasks.fitness.digests.closing import Digest
from groundwork.tasks.fitness.digests.steps import close_groups, mail_digest


def send_digests(events: Sequence[DigestWanted]) -> list[object]:
    """Send each member who is named one digest, unless there is nothing to tell or it has to wait.

    Returns:
        One outcome per event: ``sent``, ``groups`` and ``waits_until``, or the error that kept the mail back. Several
        events of one member have one outcome.

    Raises:
        ControlFlow: the attempt ends, and with it the digests that are left.
    """
    outcomes: dict[str, object] = {}
    patient = True
    for event in events:
        if event.member_id in outcomes:
            continue
        outcome = _outcome(event, patient=patient)
        outcomes[event.member_id] = outcome
        # A mail server that was away for two minutes is asked once for each of the others.
        patient &= not isinstance(outcome, MailTemporarilyRefused)
    return [outcomes[event.member_id] for event in events]


def _outcome(event: DigestWanted, *, patient: bool) -> object:
    try:
        digest = close_groups(event)
        return {
            "sent": _mailed(digest, patient=patient),
            "groups": len(digest.groups) + digest.more,
            "waits_until": digest.waits_until,
        }
    except Exception as error:
        if ends_the_attempt(error):
            raise
        return error


def _mailed(digest: Digest, *, patient: bool) -> bool:
    if digest.user_id is None:
        return False
    values: dict[str, Any] = {"groups": [each.model_dump() for each in digest.groups], "more": digest.more}
    mail = mail_digest if patient else mail_digest.with_options(retries=0)
    return mail(UserId.stored(digest.user_id), values)
