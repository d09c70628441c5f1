"""Pulling a member's days from a provider: page by page, each fetched in one step and stored in another."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from groundwork.blocks.database import database
from groundwork.blocks.errors import NonRetriable
from groundwork.events.fitness.sync import ProviderPullWanted
from groundwork.tasks.fitness.connections.record import Linked, connection_of_member
from groundwork.tasks.fitness.connections.tokens import ConnectionRefused
from groundwork.tasks.fitness.ingest.fetch import (
    FIRST_DELAY,
    LONGEST_DELAY,
    PATIENCE,
    Fetched,
    FetchSummary,
    keep,
)
from groundwork.tasks.fitness.providers import provider_named
from groundwork.tasks.fitness.providers.http import Gone
from groundwork.tasks.fitness.providers.provider import Days
from groundwork.tasks.fitness.readings.reading import judge
from groundwork.tasks.step import step

LONGEST = timedelta(days=730)
"""The longest span of one pull."""
MOST_PAGES = 2_000
"""Pages of one kind of data. A provider that always names another page would be asked for ever."""


@dataclass(frozen=True)
class FetchedPage:
    """A page, as readings.

    Attributes:
        next_token: names the page behind it; None for the last.
    """

    fetched: Fetched
    next_token: str | None = None
    documents: int = 0


@dataclass
class Pulled:
    """What a pull came to."""

    documents: int = 0
    summary: FetchSummary = field(default_factory=FetchSummary)


@step(memoise=False)
def find_connection(event: ProviderPullWanted) -> Linked:
    """The connection that is to be asked.

    Raises:
        NonRetriable: the days make no span, or the member has no working connection to the provider.
    """
    if not event.since <= event.until or event.until - event.since > LONGEST:
        raise NonRetriable(f"since, until: {event.since} to {event.until} is no span of 0 to {LONGEST.days} days")
    provider_named(event.provider)
    with database().transaction() as connection:
        linked = connection_of_member(connection, event.workspace_id, event.member_id, event.provider)
    if linked is None or linked.state != "active":
        state = linked.state if linked else "not there"
        raise NonRetriable(
            f"the connection of member {event.member_id} to {event.provider} is {state}: connect the member, then send "
            "the event again"
        )
    return linked


def pull_all(event: ProviderPullWanted, linked: Linked) -> Pulled:
    """Pull every kind of data, page by page, until there are no more or the provider lets us in no more."""
    pulled = Pulled()
    for data_type in provider_named(linked.provider).metrics_of:
        token: str | None = None
        for _number in range(MOST_PAGES):
            page = fetch_page(linked, data_type, Days(event.since, event.until), token)
            pulled.documents += page.documents
            pulled.summary += keep(linked, page.fetched)
            if page.fetched.broken:
                return pulled
            token = page.next_token
            if token is None:
                break
        else:
            raise NonRetriable(f"{linked.provider} has named {MOST_PAGES:,} pages of {data_type}; pull fewer days")
    return pulled


@step(
    provider=True,
    retries=PATIENCE,
    first_delay=FIRST_DELAY,
    longest_delay=LONGEST_DELAY,
    key=("data_type", "days", "next_token"),
)
def fetch_page(linked: Linked, data_type: str, days: Days, next_token: str | None) -> FetchedPage:
    """Fetch one page of a kind of data."""
    provider = provider_named(linked.provider)
    try:
        page = provider.page(linked, data_type, days, next_token)
    except ConnectionRefused as refused:
        return FetchedPage(Fetched(broken=str(refused), broken_since=refused.since))
    except Gone:
        return FetchedPage(Fetched())
    found = Fetched()
    for document in page.documents:
        _read(linked, data_type, document, page.at, found)
    return FetchedPage(found, page.next_token, len(page.documents))


def _read(linked: Linked, data_type: str, document: dict[str, object], at: datetime, found: Fetched) -> None:
    try:
        judged = judge(provider_named(linked.provider).readings(linked, data_type, document, at))
    except NonRetriable as error:
        found.refused.append(str(error))
        return
    found.readings.extend(judged.good)
    found.refused.extend(judged.refused)
