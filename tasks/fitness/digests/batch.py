"""The digests of a batch: one member's fault keeps them from nobody else."""

from collections.abc import Sequence

from groundwork.events.fitness.social import DigestWanted
from groundwork.tasks.attempt_end import ends_the_attempt
from groundwork.tasks.fitness.digests.steps import close_groups


def close_all(events: Sequence[DigestWanted]) -> list[object]:
    """Close what is open for each member who is named, unless there is nothing to tell or it has to wait.

    Returns:
        One outcome per event: ``groups`` and ``waits_until``, or the error. Several events of one member have one
        outcome.

    Raises:
        ControlFlow: the attempt ends, and with it the digests that are left.
    """
    outcomes: dict[str, object] = {}
    for event in events:
        if event.member_id not in outcomes:
            outcomes[event.member_id] = _outcome(event)
    return [outcomes[event.member_id] for event in events]


def _outcome(event: DigestWanted) -> object:
    try:
        return close_groups(event).model_dump()
    except Exception as error:
        if ends_the_attempt(error):
            raise
        return error
