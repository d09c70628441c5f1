"""Pulling a member's days from a provider: page by page, each fetched in one step and stored in another."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

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
from groundwork.tasks.fitness.readings.reading import Reading, judge
from groundwork.tasks.step import step

LONGEST = timedelta(days=730)
"""The longest span of one pull."""
MOST_PAGES = 2_000
"""Pages of one kind of data. A provider that always names another page would be asked for ever."""


@dataclass(frozen=True)
class PageWanted:
    """A page that is to be fetched.

    Attributes:
        number: 0 for the first of its kind of data.
        token: by which the provider names it; None for the first.
    """

    data_type: str
    days: Days
    number: int = 0
    token: str | None = None

    def following(self, token: str | None) -> "PageWanted | None":
        """The page behind it; None where there is none.

        Raises:
            NonRetriable: there are more than anybody has.
        """
        if token is None:
            return None
        if self.number + 1 >= MOST_PAGES:
            raise NonRetriable(f"the provider has named {MOST_PAGES:,} pages of {self.data_type}; pull fewer days")
        return PageWanted(self.data_type, self.days, self.number + 1, token)


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


@step(key=())
def find_connection(event: ProviderPullWanted) -> Linked:
    """The connection that is to be asked, the same one at every attempt, as in ``fetch``.

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
        wanted: PageWanted | None = PageWanted(data_type, Days(event.since, event.until))
        while wanted is not None:
            page = fetch_page(linked, wanted)
            pulled.documents += page.documents
            pulled.summary += keep(linked, f"{data_type}-{wanted.number}", page.fetched)
            if page.fetched.broken:
                return pulled
            wanted = wanted.following(page.next_token)
    return pulled


@step(
    provider=True,
    retries=PATIENCE,
    first_delay=FIRST_DELAY,
    longest_delay=LONGEST_DELAY,
    key=("wanted.data_type", "wanted.number"),
)
def fetch_page(linked: Linked, wanted: PageWanted) -> FetchedPage:
    """Fetch one page of a kind of data."""
    provider = provider_named(linked.provider)
    try:
        page = provider.page(linked, wanted.data_type, wanted.days, wanted.token)
    except ConnectionRefused as refused:
        return FetchedPage(Fetched(broken=str(refused), broken_since=refused.since))
    except Gone:
        return FetchedPage(Fetched())
    found = Fetched()
    for document in page.documents:
        _take(found, partial(provider.readings, linked, wanted.data_type, document, page.at))
    return FetchedPage(found, page.next_token, len(page.documents))


def _take(found: Fetched, read: Callable[[], list[Reading]]) -> None:
    """Judge what a document says; one that is not as documented keeps no other from being stored."""
    try:
        judged = judge(read())
    except NonRetriable as error:
        found.refused.append(str(error))
        return
    found.readings.extend(judged.good)
    found.refused.extend(judged.refused)
