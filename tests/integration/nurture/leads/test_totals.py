"""What is added up as it comes is what a count from scratch gives, whatever came first, twice, or together."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from groundwork.blocks.errors import NonRetriable
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.nurture.leads.points import POINTS
from groundwork.tasks.nurture.leads.scores import score
from groundwork.tasks.nurture.leads.totals import count_anew, store, take_turn
from tests.integration.nurture.leads.agency import ACME, add_agency, add_contact, change_agency, engaged, rows

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
TOTALS = "SELECT * FROM nurture.engagement_total ORDER BY workspace_id, contact_id, kind, period"

engagements = st.lists(
    st.builds(
        lambda kind, contact, ago, number: engaged(
            kind, contact, engagement_id=f"e{number}", occurred_at=NOW - timedelta(seconds=ago)
        ),
        st.sampled_from(list(POINTS)),
        st.sampled_from(["c1", "c2"]),
        st.one_of(st.floats(0, 86_400 * 60), st.floats(0, 86_400 * 3000)),
        st.integers(0, 40),
    ),
    max_size=40,
)


@pytest.fixture
def acme(db):
    add_agency(db, contacts=["c1", "c2"])
    return db


def added(db, parts, half_life: float) -> None:
    """Each part in a transaction of its own."""
    for part in parts:
        with db.transaction() as connection:
            store(connection, ACME, part, half_life)


def scores(db, at: datetime = NOW) -> list[object]:
    with db.transaction() as connection:
        return score(connection, ACME, ["c1", "c2"], scoring=take_turn(connection, ACME), at=at)


def emptied(db) -> None:
    with db.transaction() as connection:
        for table in ("engagement", "engagement_total", "lead_score", "hot_lead"):
            connection.execute(text(f"DELETE FROM nurture.{table}"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=engagements,
    cuts=st.lists(st.integers(0, 40), max_size=5),
    shuffled=st.randoms(use_true_random=False),
    half_life=st.sampled_from([0.1, 1.0, 14.0, 365.25, 3650.0]),
)
def test_totals_and_scores_are_those_of_a_count_from_scratch_whatever_the_order(
    acme, events, cuts, shuffled, half_life
):
    change_agency(acme, half_life_days=half_life)
    found = []
    first = {each.engagement_id: each for each in reversed(events)}
    for _ in range(2):
        emptied(acme)
        # The same id says the same, in whatever order it comes.
        given_events = [first[each.engagement_id] for each in events]
        places = sorted({0, len(events), *(min(each, len(events)) for each in cuts)})
        scores(acme)
        added(acme, [given_events[begin:end] for begin, end in pairwise(places)], half_life)
        found.append((rows(acme, TOTALS), scores(acme)))
        shuffled.shuffle(events)
    with acme.transaction() as connection:
        assert count_anew(connection, ACME, half_life) == len(first)
    found.append((rows(acme, TOTALS), scores(acme)))
    assert found[0][0] == found[1][0] == found[2][0]
    assert [(each.score, each.reasons) for each in found[0][1]] == [(each.score, each.reasons) for each in found[2][1]]
    for lead in found[0][1]:
        expected = sum(
            POINTS[each.kind] * 2 ** ((each.occurred_at - NOW) / timedelta(days=half_life))
            for each in first.values()
            if each.contact_id == lead.contact_id
        )
        assert lead.score == pytest.approx(expected, abs=0.006)


def test_what_is_a_half_life_old_counts_half_and_reasons_say_what_made_the_score(acme):
    added(acme, [[engaged("valuation-request", occurred_at=NOW - timedelta(days=14))]], 14)
    added(acme, [[engaged("open", occurred_at=NOW), engaged("open", occurred_at=NOW - timedelta(days=28))]], 14)
    [lead, other] = scores(acme)
    assert (lead.score, other.score, other.reasons) == (26.25, 0, [])
    assert [(each["kind"], each["count"], each["points"]) for each in lead.reasons] == [
        ("valuation-request", 1, 25.0),
        ("open", 2, 1.25),
    ]


def test_centuries_overflow_nothing(acme):
    old = engaged("reply", occurred_at=datetime(1, 1, 1, tzinfo=UTC))
    far = datetime(9000, 1, 1, tzinfo=UTC)
    change_agency(acme, half_life_days=0.1)
    added(acme, [[old, engaged("reply", occurred_at=far)]], 0.1)
    assert scores(acme, at=far)[0].score == 20
    assert scores(acme, at=datetime(9999, 1, 1, tzinfo=UTC))[0].score == 0


def test_another_half_life_counts_everything_anew_before_anything_is_scored(acme):
    added(acme, [[engaged("reply", occurred_at=NOW - timedelta(days=14))]], 14)
    assert scores(acme)[0].score == 10
    change_agency(acme, half_life_days=7)
    assert scores(acme)[0].score == 5
    before = rows(acme, TOTALS)
    with acme.transaction() as connection:
        count_anew(connection, ACME, 7)
    assert rows(acme, TOTALS) == before


def test_one_agencys_engagement_is_nobody_elses(acme):
    other = WorkspaceId("globex")
    add_agency(acme, other, ["c1"])
    added(acme, [[engaged("reply", occurred_at=NOW, engagement_id="same")]], 14)
    with acme.transaction() as connection:
        assert store(connection, other, [engaged("click", occurred_at=NOW, engagement_id="same")], 14) == {"same": "c1"}
        [lead] = score(connection, other, ["c1", "c2"], scoring=take_turn(connection, other), at=NOW)
    assert lead.score == 4
    assert scores(acme)[0].score == 20


def test_the_same_engagements_stored_at_once_count_once(acme):
    events = [engaged("reply", occurred_at=NOW) for _ in range(200)]
    start = threading.Barrier(4)
    errors: list[BaseException] = []

    def run(turned: list[object]) -> None:
        try:
            start.wait(10)
            with acme.transaction() as connection:
                take_turn(connection, ACME)
                store(connection, ACME, turned, 14)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=[events[place:] + events[:place]]) for place in (0, 50, 100, 150)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert scores(acme)[0].score == 4000


def test_a_contact_that_is_deleted_takes_what_is_known_of_it_along(acme):
    added(acme, [[engaged("reply", occurred_at=NOW)]], 14)
    scores(acme)
    with acme.transaction() as connection:
        connection.execute(text("DELETE FROM nurture.contact"))
    for table in ("engagement", "engagement_total", "lead_score", "hot_lead"):
        assert rows(acme, f"SELECT * FROM nurture.{table}") == []
    add_contact(acme, "c1")
    assert scores(acme)[0].score == 0


def test_a_workspace_without_an_agency_is_an_error_with_the_cure(db):
    with db.transaction() as connection, pytest.raises(NonRetriable, match=r"globex has no agency"):
        take_turn(connection, WorkspaceId("globex"))


@pytest.mark.parametrize(
    "change",
    [
        "half_life_days = 'NaN'",
        "half_life_days = 'Infinity'",
        "half_life_days = 0",
        "hot_from = 'NaN'",
        "hot_from = 'NaN', hot_until = 'NaN', warm_from = 'NaN'",
        "hot_from = 'Infinity'",
        "hot_until = 'NaN'",
        "warm_from = 'NaN'",
        "warm_from = -1",
        "hot_until = 61",
        "webhook_secret_version = 0",
    ],
)
def test_the_database_refuses_thresholds_that_are_none(acme, change):
    with pytest.raises(Exception, match="violates check constraint"), acme.transaction() as connection:
        connection.execute(text(f"UPDATE nurture.agency SET {change}"))
