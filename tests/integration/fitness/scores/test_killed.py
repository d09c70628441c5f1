"""SIGKILL of a run's process at each step; the next attempt is another process, and nothing is done twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundwork.events.fitness.scoring import NightDue
from groundwork.events.inbox import send
from groundwork.flows.job import flow_of
from tests.factories import scalar
from tests.integration.fitness.gyms import ACME, open_gym, scores_in, trained
from tests.integration.fitness.running import drain, due, lose_leases, run_and_die
from tests.integration.fitness.scores.logging_members import TODAY, alert, log, spike, workout
from tests.integration.mailing import add_user, mails

pytestmark = pytest.mark.usefixtures("jobs")

SCORING = "groundwork.tasks.fitness.scores"
RISKS = "groundwork.tasks.fitness.risks"
FLOWS = "groundwork.flows.fitness"


def alert_events(db) -> int:
    return scalar(db, "SELECT count(*) FROM groundwork.event WHERE name LIKE 'platform/alerts.%'")


class TestKilled:
    """SIGKILL of the run's process; the next attempt is another process."""

    @pytest.mark.parametrize(
        "place",
        [
            f"{SCORING}.recompute:rate_benchmarks:after",  # all is written, nothing is committed
            f"{SCORING}.steps:send:after",
            f"{FLOWS}.calculate_score:score_members:after",  # committed, not settled
        ],
    )
    def test_scores_are_made_and_the_check_is_wanted_once(self, db, prefect_api, place):
        open_gym(db, "ada")
        log(db, workout(1, 3), workout(2, 1))
        [(job, delivery)] = due()
        run_and_die(place, job, delivery, prefect_api)
        lose_leases(db)
        drain_again(db, job, delivery)
        assert [row["load"] for row in scores_in(db).values()] == [300, 0, 300]
        assert scalar(db, "SELECT count(*) FROM groundwork.event WHERE name = 'platform/scoring.check-risk'") == 1

    def test_a_night_goes_on_with_the_range_after_those_that_are_done(self, db, prefect_api):
        names = [f"m{number}" for number in range(7)]
        open_gym(db, *names)
        for name in names:
            trained(db, name, {datetime.now(UTC).date() - timedelta(days=3): 100.0})
        send(NightDue(workspace_id=ACME, night=TODAY))
        [(job, delivery)] = due()
        small = prefect_api | {"GROUNDWORK_SCORE_CHUNK_MEMBERS": "3"}
        run_and_die(f"{FLOWS}.score_night:rescore_range:after", job, delivery, small)
        lose_leases(db)
        assert len(scores_in(db)) == 3 * 3
        result = flow_of(job)(delivery_id=delivery)
        assert result == {"members": 7, "scores": 21, "dropped": 0}
        assert scalar(db, "SELECT count(*) FROM groundwork.event WHERE name = 'platform/scoring.check-risk'") == 1

    @pytest.mark.parametrize(
        "place",
        [
            f"{RISKS}.detect:store_risks:after",
            f"{RISKS}.detect:send_many:after",
            f"{FLOWS}.detect_risk:look_for_risks:after",
        ],
    )
    def test_a_crossing_is_told_of_once(self, db, prefect_api, place):
        open_gym(db, "ada")
        spike(db)
        for job, delivery in due():
            flow_of(job)(delivery_id=delivery)
        [(job, delivery)] = due()
        assert job == "detect-risk"
        run_and_die(place, job, delivery, prefect_api)
        lose_leases(db)
        drain_again(db, job, delivery)
        assert alert_events(db) == 1
        assert scalar(db, "SELECT alerted FROM fitness.risk") == 1

    @pytest.mark.parametrize(
        "place",
        [
            f"{RISKS}.alert_steps:publish_alert:after",
            f"{RISKS}.alert_steps:notify_once:after",
            f"{FLOWS}.alert_injury_risk:tell:after",
        ],
    )
    def test_a_coach_gets_one_mail(self, db, prefect_api, outbox, place):
        open_gym(db, "ada")
        add_user(db, "olga")
        send(alert())
        [(job, delivery)] = due()
        run_and_die(place, job, delivery, prefect_api)
        lose_leases(db)
        drain_again(db, job, delivery)
        assert len(mails(outbox)) == 1


def drain_again(db, job: str, delivery: Any) -> None:
    """Let the next attempt of a delivery run, and what it sends."""
    flow_of(job)(delivery_id=delivery)
    assert scalar(db, "SELECT state FROM groundwork.delivery WHERE id = :id", id=delivery) == "done"
    drain()
