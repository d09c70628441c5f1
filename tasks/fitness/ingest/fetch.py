"""Fetching what webhooks have named: a step per connection, one that stores, and what is done where one is refused."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import Connection

from groundwork.blocks.database import database
from groundwork.blocks.errors import GroundworkError, NonRetriable, SeveralErrors
from groundwork.events.fitness.sync import WantedObject, WearableFetchWanted
from groundwork.events.identifiers import UserId
from groundwork.notifications import notify_once
from groundwork.tasks.fitness.connections.record import Linked, connections_of_users, mark_broken, name_of_member
from groundwork.tasks.fitness.connections.tokens import ConnectionRefused
from groundwork.tasks.fitness.ingest.names import MOST_TOLD
from groundwork.tasks.fitness.providers import provider_named
from groundwork.tasks.fitness.providers.http import Gone
from groundwork.tasks.fitness.providers.provider import FetchingProvider
from groundwork.tasks.fitness.readings.reading import Reading, deletion, judge
from groundwork.tasks.fitness.readings.store import write_readings
from groundwork.tasks.mail_patience import MAIL_PATIENCE
from groundwork.tasks.step import step

GROUP = 10
"""Objects that one step fetches. Too high: much is asked again after an error. Too low: per-step cost (about 0.2 s)."""
PATIENCE = 33
"""Tries after the first, 5 s apart at first and an hour at most: a provider may be away for a day."""
FIRST_DELAY, LONGEST_DELAY = 5.0, 3600.0


@dataclass(frozen=True)
class Fetched:
    """What came of a connection's objects.

    Attributes:
        readings: judged; deletions among them for objects that are gone.
        refused: why others are not.
        broken: why the provider does not let us in; None where it does.
        broken_since: when the tokens that it refused were read.
    """

    readings: list[Reading] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    broken: str | None = None
    broken_since: datetime | None = None


@dataclass(frozen=True)
class FetchSummary:
    """What a fetch came to, by objects and rows."""

    stored: int = 0
    refused: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    def __add__(self, other: "FetchSummary") -> "FetchSummary":
        return FetchSummary(self.stored + other.stored, self.refused + other.refused, self.broken + other.broken)

    def told(self) -> dict[str, Any]:
        """For the result of a job, with the first of many refusals."""
        return {"stored": self.stored, "refused": list(self.refused[:MOST_TOLD]), "broken": list(self.broken)}


@step(key=())
def find_connections(event: WearableFetchWanted) -> dict[str, Linked]:
    """The connections that are to be asked, by the provider's id of the person.

    A later attempt asks the same ones: one that this delivery has found broken may be one whose owner is not told yet.
    """
    with database().transaction() as connection:
        users = {each.provider_user for each in event.objects}
        return connections_of_users(connection, event.workspace_id, event.provider, users)


def fetch_all(event: WearableFetchWanted) -> FetchSummary:
    """Fetch and store, connection by connection: one that fails keeps no other from its readings.

    Raises:
        SeveralErrors: some have failed for good.
    """
    linked = find_connections(event)
    total = FetchSummary()
    errors: list[Exception] = []
    for owner, part, objects in _grouped(event.objects, linked):
        try:
            total += keep(owner, part, fetch_objects(owner, part, objects))
        except (GroundworkError, httpx.HTTPError) as error:
            errors.append(error)
    if errors:
        raise errors[0] if len(errors) == 1 else SeveralErrors("; ".join(map(str, errors)))
    return total


def keep(linked: Linked, part: str, fetched: Fetched) -> FetchSummary:
    """Store what was fetched, and tell the owner of a connection that is refused.

    Args:
        part: names what was fetched, among that of the delivery and member.
    """
    stored = store_fetched(linked, part, fetched) if fetched.readings else 0
    if fetched.broken and fetched.broken_since:
        owner = note_broken(linked, fetched.broken, fetched.broken_since)
        if owner:
            tell_of_broken(linked, UserId.stored(owner), fetched.broken)
    return FetchSummary(stored, tuple(fetched.refused), (linked.member_id,) if fetched.broken else ())


@step(
    provider=True,
    retries=PATIENCE,
    first_delay=FIRST_DELAY,
    longest_delay=LONGEST_DELAY,
    key=("linked.member_id", "part"),
)
def fetch_objects(linked: Linked, part: str, objects: Sequence[WantedObject]) -> Fetched:  # noqa: ARG001 - the key
    """Fetch some of a connection's objects. Those that are gone are deletions."""
    provider = provider_named(linked.provider)
    found = Fetched()
    try:
        for each in objects:
            _fetch_one(provider, linked, each, found)
    except ConnectionRefused as refused:
        return Fetched(found.readings, found.refused, str(refused), refused.since)
    return found


def _fetch_one(provider: FetchingProvider, linked: Linked, wanted: WantedObject, found: Fetched) -> None:
    try:
        answer = provider.fetch(linked, wanted.data_type, wanted.object_id)
        # The clock of the answer has whole seconds; the webhook came before it.
        at = max(answer.at, wanted.sent_at)
        readings = provider.readings(linked, wanted.data_type, answer.document, at)
        if provider.id_of(wanted.data_type, answer.document) != wanted.object_id:
            raise NonRetriable(f"{linked.provider} gave another object than {wanted.object_id[:60]!r}")
    except Gone as gone:
        metrics = provider.metrics_of[wanted.data_type]
        at = max(gone.at, wanted.sent_at)
        readings = deletion(linked.member_id, linked.provider, wanted.object_id, at, metrics=metrics)
    except NonRetriable as error:
        found.refused.append(str(error))
        return
    judged = judge(readings)
    found.readings.extend(judged.good)
    found.refused.extend(judged.refused)


@step(ledger=True, key=("linked.member_id", "part"))
def store_fetched(connection: Connection, linked: Linked, part: str, fetched: Fetched) -> int:  # noqa: ARG001 - the key
    """Store what was fetched. Returns how many rows were new or changed."""
    return write_readings(connection, linked.workspace_id, fetched.readings)


@step(ledger=True, key=("linked.member_id", "linked.provider"))
def note_broken(connection: Connection, linked: Linked, reason: str, since: datetime) -> str | None:
    """Mark a connection broken. Returns the user to be told; None where somebody was told before."""
    return mark_broken(connection, linked, reason, since)


@step(**MAIL_PATIENCE, key=("linked.member_id", "linked.provider"))
def tell_of_broken(linked: Linked, owner: UserId, reason: str) -> bool:
    """Tell the gym's owner that a member has to connect anew. Returns whether a mail was sent."""
    with database().transaction() as connection:
        name = name_of_member(connection, linked.workspace_id, linked.member_id)
    values = {"member": name, "provider": linked.provider.capitalize(), "reason": reason}
    return notify_once(owner, "connection_broken", values)


def _grouped(
    objects: Iterable[WantedObject], linked: dict[str, Linked]
) -> Iterator[tuple[Linked, str, tuple[WantedObject, ...]]]:
    """The objects of each active connection, some at a time."""
    of_user: dict[str, list[WantedObject]] = defaultdict(list)
    for each in objects:
        of_user[each.provider_user].append(each)
    for user, wanted in of_user.items():
        owner = linked.get(user)
        if owner is None or owner.state != "active":
            continue
        for begin in range(0, len(wanted), GROUP):
            yield owner, str(begin // GROUP), tuple(wanted[begin : begin + GROUP])
