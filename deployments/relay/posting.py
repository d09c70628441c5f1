"""Posting events to Prefect. One that it refuses keeps no other back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx
from prefect.client.orchestration import SyncPrefectClient

from groundwork.blocks.cures import answer_of, is_refusal_of_content
from groundwork.blocks.prefect_client import prefect_client
from groundwork.deployments.relay.prefect_api import prefect_event
from groundwork.events.inbox.admission import Admitted

PrefectEvents = Sequence[dict[str, object]]


@dataclass(frozen=True)
class Refusal:
    """An event that Prefect did not take, though it takes others.

    Attributes:
        place: of the event among those that were posted.
        answer: Prefect's, shortened.
        final: whether the event is at fault, and not perhaps the server, which answers 500.
    """

    place: int
    answer: str
    final: bool


def post_events(admitted: Sequence[Admitted]) -> list[Refusal]:
    """Post one Prefect event per admitted delivery; each fires the trigger of its job's deployment.

    Returns:
        What was refused.

    Raises:
        httpx.HTTPError: Prefect is away, or refuses whatever is posted; some may have been taken.
    """
    return post([prefect_event(each) for each in admitted])


def post(events: PrefectEvents) -> list[Refusal]:
    """Post events that have ids of their own, by which Prefect knows those that it has already.

    Returns:
        What was refused.

    Raises:
        httpx.HTTPError: Prefect is away, or refuses whatever is posted; some may have been taken.
    """
    with prefect_client() as client:
        try:
            _post(client, events)
        except httpx.HTTPStatusError as error:
            if not _may_be_about_one(error):
                raise
            # Raises where nothing at all is taken: then no event is at fault.
            _post(client, [])
            return list(_post_halves(client, events, 0, error))
    return []


def _post_halves(
    client: SyncPrefectClient, events: PrefectEvents, begin: int, refusal: httpx.HTTPStatusError
) -> Iterator[Refusal]:
    """Find what is refused among events that were refused together."""
    if len(events) == 1:
        yield Refusal(begin, answer_of(refusal), final=is_refusal_of_content(refusal))
        return
    middle = len(events) // 2
    for start, half in ((begin, events[:middle]), (begin + middle, events[middle:])):
        try:
            _post(client, half)
        except httpx.HTTPStatusError as error:
            if not _may_be_about_one(error):
                raise
            yield from _post_halves(client, half, start, error)


def _may_be_about_one(error: httpx.HTTPStatusError) -> bool:
    return is_refusal_of_content(error) or error.response.status_code == 500


def _post(client: SyncPrefectClient, events: PrefectEvents) -> None:
    client.request("POST", "/events", json=list(events)).raise_for_status()
