"""From what a contact did to its score, its band and the event of a hot lead, by the jobs as they run."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update

from groundwork.blocks.errors import NonRetriable
from groundwork.blocks.schema.nurture.agency import agency
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send, send_many
from groundwork.events.nurture.leads import IntentScoreWanted, NightPassed, RescoreWanted
from groundwork.tasks.nurture.leads.engagement import record_engagement
from groundwork.tasks.nurture.leads.telling import score_and_tell
from groundwork.tasks.nurture.leads.thresholds import Thresholds, change_thresholds
from groundwork.tasks.nurture.leads.totals import take_turn
from tests.factories import delivery_of, scalar
from tests.integration.mailing import add_user
from tests.integration.nurture.leads.agency import (
    ACME,
    GLOBEX,
    add_agency,
    add_contact,
    add_stored,
    change_agency,
    engaged,
    rows,
    score_of,
)

SENT = "SELECT workspace_id, data FROM groundwork.event WHERE name = :name ORDER BY accepted_at, id"
DEFAULTS = {"half_life_days": 14, "warm_from": 20, "hot_until": 45, "hot_from": 60}


@pytest.fixture
def acme(db, registered, outbox):
    add_agency(db, contacts=["c1", "c2", "c3"])
    add_user(db, "ada")
    return db


def record(db, *engagements) -> list:
    with db.transaction() as connection:
        return [record_engagement(connection, each) for each in engagements]


def sent(db, name: str) -> list[dict]:
    return [row.data | {"workspaceId": row.workspace_id} for row in rows(db, SENT, name=name)]


def crossings(db, contact: str = "c1") -> list[int]:
    return [each["crossing"] for each in sent(db, "lead/hot.detected") if each["contactId"] == contact]


def age(db, days: float) -> None:
    """Let what contacts did have been so much longer ago."""
    with db.transaction() as connection:
        connection.execute(
            text("UPDATE nurture.engagement SET occurred_at = occurred_at - :age"), {"age": timedelta(days=days)}
        )
        connection.execute(text("UPDATE nurture.scoring SET half_life_days = 1"))  # by which nothing is counted


def want_scores(*contacts: str) -> None:
    send_many([IntentScoreWanted(workspace_id=ACME, contact_id=each) for each in contacts])


def test_a_burst_of_engagement_is_stored_by_one_run_and_scored_by_another(acme, go):
    record(acme, *[engaged("open", f"c{number % 3 + 1}") for number in range(300)])
    assert all(each.is_completed() for each in go())
    runs = "SELECT count(DISTINCT flow_run_id) FROM groundwork.delivery WHERE job = :job"
    assert scalar(acme, runs, job="record-engagement") == 1
    assert scalar(acme, runs, job="score-intent") == 1
    assert [float(score_of(acme, each).score) for each in ("c1", "c2", "c3")] == pytest.approx([100] * 3, abs=0.02)


def test_each_event_of_a_batch_has_its_own_outcome(acme, go):
    repeated = engaged("open")
    ahead = datetime.now(UTC) + timedelta(days=3)
    # Past the handler, which refuses such: another sender's clock.
    ids = send_many([repeated, repeated, engaged("open", "nobody"), engaged("reply", occurred_at=ahead)])
    go()
    ends = [(each.state, each.result or each.last_error) for each in (delivery_of(acme, id) for id in ids)]
    assert ends[:2] == [("done", "recorded"), ("done", "repeated")]
    assert ends[2][0] == ends[3][0] == "failed"
    assert "has no contact nobody. Store it, then replay." in ends[2][1]
    assert "occurredAt" in ends[3][1]
    assert "in the future" in ends[3][1]
    assert scalar(acme, "SELECT count(*) FROM nurture.engagement") == 1


def test_a_contact_that_is_stored_later_gets_its_engagement_by_a_replay(acme, go):
    [event_id] = record(acme, engaged("reply", "late"))
    go()
    add_contact(acme, "late")
    with acme.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET state = 'queued', batch_id = NULL, not_before = now()"))
    go()
    assert delivery_of(acme, event_id).result == "recorded"


def test_a_clock_that_is_a_little_ahead_counts_as_now(acme, go):
    record(acme, engaged("reply", occurred_at=datetime.now(UTC) + timedelta(minutes=4)))
    go()
    assert scalar(acme, "SELECT occurred_at <= now() FROM nurture.engagement")


def test_a_handler_is_told_at_once_of_what_has_not_happened_yet(acme):
    with acme.transaction() as connection, pytest.raises(NonRetriable, match=r"occurredAt: .* is in the future"):
        record_engagement(connection, engaged(occurred_at=datetime.now(UTC) + timedelta(minutes=6)))


def test_a_handlers_engagement_is_recorded_with_its_transaction_and_once(acme):
    same = engaged("reply")
    with pytest.raises(ZeroDivisionError), acme.transaction() as connection:
        record_engagement(connection, same)
        raise ZeroDivisionError
    assert sent(acme, "lead/engagement.recorded") == []
    assert len(set(record(acme, same, same))) == 1


def test_a_lead_that_comes_over_the_threshold_is_told_of_once_with_the_reasons(acme, go):
    record(acme, engaged("valuation-request"), engaged("reply"), engaged("open", "c2"))
    go()
    [hot] = sent(acme, "lead/hot.detected")
    assert (hot["workspaceId"], hot["contactId"], hot["crossing"], hot["threshold"]) == ("acme", "c1", 1, 60)
    assert hot["score"] == pytest.approx(70, abs=0.02)
    assert [(each["kind"], each["count"]) for each in hot["reasons"]] == [("valuation-request", 1), ("reply", 1)]
    record(acme, engaged("valuation-request"))
    want_scores("c1", "c1", "c2")
    go()
    assert crossings(acme) == [1]
    assert score_of(acme).reasons[0]["count"] == 2


def test_the_crm_hears_of_a_score_only_when_its_band_changes(acme, go):
    def pushed(*engagements) -> list[str]:
        before = len(sent(acme, "crm/sync.push"))
        record(acme, *engagements)
        go()
        return [f"{each['contactId']} {each['reason']}" for each in sent(acme, "crm/sync.push")[before:]]

    assert pushed(engaged("click")) == []
    assert pushed(engaged("reply")) == ["c1 score"]  # warm
    assert pushed(engaged("open")) == []
    assert pushed(engaged("valuation-request")) == ["c1 score"]  # hot
    assert score_of(acme).band == "hot"
    assert scalar(acme, "SELECT value FROM nurture.crm_fact WHERE field = 'intent_band'") == "hot"
    assert (
        float(scalar(acme, "SELECT value FROM nurture.crm_fact WHERE field = 'intent_score'")) == score_of(acme).score
    )


def test_hysteresis_a_lead_stays_hot_until_it_is_below_the_lower_threshold(acme):
    def scored(days: float) -> str:
        age(acme, days)
        with acme.transaction() as connection:
            score_and_tell(connection, ACME, ["c1"])
        return score_of(acme).band

    with acme.transaction() as connection:
        take_turn(connection, ACME)
    add_stored(acme, engaged("valuation-request"), engaged("reply"))
    assert [scored(0), crossings(acme)] == ["hot", [1]]
    assert [scored(7), float(score_of(acme).score) < 60] == ["hot", True]
    assert [scored(4), float(score_of(acme).score) < 45] == ["warm", True]
    add_stored(acme, engaged("click"), engaged("click"))  # above 45 again, and below 60
    assert [scored(0), float(score_of(acme).score) > 45] == ["warm", True]
    add_stored(acme, engaged("reply"))
    assert [scored(0), crossings(acme)] == ["hot", [1, 2]]


def test_a_night_cools_leads_that_nothing_happens_to(acme, go):
    add_agency(acme, GLOBEX, ["c1"])
    record(acme, engaged("valuation-request"), engaged("reply"), engaged("click", "c2"))
    go()
    assert (score_of(acme).band, score_of(acme, "c2").band) == ("hot", "cold")
    age(acme, 60)
    send(NightPassed(workspace_id=WorkspaceId("platform")))
    go()
    assert score_of(acme).band == "cold"
    asked = sent(acme, "lead/scores.rescore")
    assert [(each["workspaceId"], each["coldToo"]) for each in asked] == [("acme", False)]
    assert scalar(acme, "SELECT result ->> 'scored' FROM groundwork.delivery WHERE job = 'rescore-leads'") == "1"


def test_another_workspace_than_the_platform_asks_for_its_own_scores_only(acme, go):
    add_agency(acme, GLOBEX, ["c1"])
    add_stored(acme, engaged("reply"))
    with acme.transaction() as connection:
        score_and_tell(connection, ACME, ["c1"])
    send(NightPassed(workspace_id=GLOBEX))
    go()
    assert sent(acme, "lead/scores.rescore") == []


class TestChangedThresholds:
    def test_a_lower_threshold_finds_leads_that_nothing_happens_to(self, acme, go):
        record(acme, engaged("reply"), engaged("open", "c2"))
        go()
        assert crossings(acme) == []
        with acme.transaction() as connection:
            change_thresholds(
                connection,
                ACME,
                Thresholds.model_validate(DEFAULTS | {"hot_from": 15, "hot_until": 10, "warm_from": 1}),
            )
        go()
        assert (crossings(acme), score_of(acme, "c2").band) == (
            [1],
            "cold" if score_of(acme, "c2").score < 1 else "warm",
        )
        assert sent(acme, "lead/hot.detected")[0]["threshold"] == 15

    def test_a_higher_one_cools_them_and_the_next_crossing_is_another(self, acme, go):
        record(acme, engaged("valuation-request"), engaged("reply"))
        go()
        for change in ({"hot_from": 90, "hot_until": 80}, {"hot_from": 65, "hot_until": 60}):
            with acme.transaction() as connection:
                change_thresholds(connection, ACME, Thresholds.model_validate(DEFAULTS | change))
            go()
        assert crossings(acme) == [1, 2]

    def test_scores_under_way_are_all_decided_by_the_old_one_and_then_by_the_new_one(self, acme, go):
        """The change comes between the step's look at the thresholds and its commit: it waits for the commit."""
        record(acme, engaged("reply"))
        go()
        changed = threading.Event()

        def change() -> None:
            with acme.transaction() as connection:
                change_thresholds(
                    connection,
                    ACME,
                    Thresholds.model_validate(DEFAULTS | {"hot_from": 15, "hot_until": 10, "warm_from": 1}),
                )
            changed.set()

        with acme.transaction() as connection:
            scoring = take_turn(connection, ACME)
            thread = threading.Thread(target=change)
            thread.start()
            assert not changed.wait(0.5)
            score_and_tell(connection, ACME, ["c1"])
            assert scoring.hot_from == 60
        thread.join(30)
        assert changed.is_set()
        assert (crossings(acme), score_of(acme).band) == ([], "warm")
        go()
        assert crossings(acme) == [1]

    def test_thresholds_of_an_agency_that_there_is_not_are_an_error(self, acme):
        with (
            acme.transaction() as connection,
            pytest.raises(NonRetriable, match=r"globex has no agency"),
        ):
            change_thresholds(connection, GLOBEX, Thresholds.model_validate(DEFAULTS))


def test_engagement_of_an_agency_that_there_is_not_fails_and_is_stored_by_a_replay(acme, go):
    [event_id] = record(acme, engaged("reply", workspace_id=GLOBEX))
    go()
    assert "globex has no agency" in delivery_of(acme, event_id).last_error
    add_agency(acme, GLOBEX, ["c1"])
    with acme.transaction() as connection:
        connection.execute(text("UPDATE groundwork.delivery SET state = 'queued', batch_id = NULL, not_before = now()"))
    go()
    assert delivery_of(acme, event_id).result == "recorded"


def test_a_contact_that_there_is_not_fails_alone(acme, go):
    ids = send_many([IntentScoreWanted(workspace_id=ACME, contact_id=each) for each in ("c1", "nobody")])
    go()
    assert [delivery_of(acme, each).state for each in ids] == ["done", "failed"]


def test_two_scorings_at_once_make_one_crossing(acme):
    add_stored(acme, engaged("valuation-request"), engaged("reply"))
    start = threading.Barrier(4)

    def run() -> None:
        start.wait(10)
        with acme.transaction() as connection:
            score_and_tell(connection, ACME, ["c1", "c2"])

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert crossings(acme) == [1]


def test_a_half_life_that_changes_is_counted_anew_by_the_next_computation(acme):
    add_stored(acme, engaged("reply", days_ago=14))
    change_agency(acme, half_life_days=7)
    with acme.transaction() as connection:
        score_and_tell(connection, ACME, ["c1"])
        connection.execute(update(agency).values(half_life_days=14))
    assert float(score_of(acme).score) == pytest.approx(5, abs=0.02)


def test_rescoring_goes_page_by_page(acme, go, monkeypatch):
    monkeypatch.setattr("groundwork.tasks.nurture.leads.steps.PAGE", 2)
    add_stored(acme, *[engaged("reply", each) for each in ("c1", "c2", "c3")])
    event_id = send(RescoreWanted(workspace_id=ACME))
    go()
    assert delivery_of(acme, event_id).result == {"scored": 3, "hot": 0, "moved": 3}
