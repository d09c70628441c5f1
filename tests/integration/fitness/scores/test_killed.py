"""``kill -9`` during each step of scores, risks and alerts: no score is made twice, no crossing told of twice, no mail
sent twice. ``KILL_SEEDS=50 python -m pytest -s tests/integration/fitness`` kills at many more points."""

import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from groundwork.events.fitness.scoring import NightDue
from groundwork.events.inbox import send
from tests.factories import scalar
from tests.integration.fitness.gyms import ACME, open_gym, scores_in, trained
from tests.integration.fitness.scores.logging_members import TODAY, alert, log, spike, workout
from tests.integration.killed_runs import SEEDS, KilledRuns, Point
from tests.integration.mailing import add_user, mails

pytestmark = pytest.mark.usefixtures("jobs")

Go = Callable[[], int]
OUTSIDE = "-"
"""Of the job's steps: where it is claimed and settled."""


@pytest.fixture(scope="module")
def runs(prefect_api: dict[str, str]) -> Iterator[KilledRuns]:
    made = KilledRuns("fitness", os.environ | prefect_api | {"GROUNDWORK_SCORE_CHUNK_MEMBERS": "3"})
    yield made
    made.close()
    print(f"\n{made.tally.kills} kills; {made.tally.figures}")


def checks(db) -> int:
    return scalar(db, "SELECT count(*) FROM groundwork.event WHERE name = 'platform/scoring.check-risk'")


def score_workouts(db, go: Go, _outbox: Path) -> dict[str, int]:
    open_gym(db, "ada")
    log(db, workout(1, 3), workout(2, 1))
    go()
    assert [row["load"] for row in scores_in(db).values()] == [300, 0, 300]
    return {"checks_twice": checks(db) - 1}


def score_a_night(db, go: Go, _outbox: Path) -> dict[str, int]:
    names = [f"m{number}" for number in range(7)]
    open_gym(db, *names)
    for name in names:
        trained(db, name, {datetime.now(UTC).date() - timedelta(days=3): 100.0})
    send(NightDue(workspace_id=ACME, night=TODAY))
    go()
    result = scalar(db, "SELECT result FROM groundwork.delivery WHERE job = 'score-night'")
    assert result == {"members": 7, "scores": 21, "dropped": 0}
    return {"scores_twice": len(scores_in(db)) - 21, "checks_twice": checks(db) - 1}


def find_a_spike(db, go: Go, outbox: Path) -> dict[str, int]:
    open_gym(db, "ada")
    add_user(db, "olga")
    spike(db)
    go()
    assert scalar(db, "SELECT alerted FROM fitness.risk") == 1
    told = scalar(db, "SELECT count(*) FROM groundwork.event WHERE name LIKE 'platform/alerts.%'")
    return {"alerts_twice": told - 1, "mails_twice": len(mails(outbox)) - 1}


def tell_of_one(db, go: Go, outbox: Path) -> dict[str, int]:
    open_gym(db, "ada")
    add_user(db, "olga")
    send(alert())
    go()
    return {"mails_twice": len(mails(outbox)) - 1}


SCENARIOS = (
    (score_workouts, "calculate-score", "score-members"),
    (score_a_night, "score-night", "rescore-range"),
    (find_a_spike, "detect-risk", "look-for-risks"),
    (tell_of_one, "alert-injury-risk", "mail-alert"),
    (score_a_night, "score-night", "find-ranges"),
    (find_a_spike, "detect-risk", "find-groups"),
    (tell_of_one, "alert-injury-risk", "publish-alert"),
    (tell_of_one, "alert-injury-risk", "find-receiver"),
    (score_workouts, "calculate-score", OUTSIDE),
    (score_a_night, "score-night", OUTSIDE),
    (find_a_spike, "detect-risk", OUTSIDE),
    (tell_of_one, "alert-injury-risk", OUTSIDE),
)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_kill_repeats_no_effect_and_loses_none(db, runs, outbox, seed):
    """As many seeds as there are steps kill during each. A number beyond the step's transactions is no kill."""
    chance = random.Random(seed)
    scenario, job, step = SCENARIOS[seed % len(SCENARIOS)]
    when = chance.choice(("before", "after") if step == OUTSIDE else ("called", "returned", "before", "after"))
    point = Point(job, step, when, chance.randrange(2))
    figures = scenario(db, lambda: runs.go(db, point), outbox)
    assert not any(figures.values()), figures
    assert scalar(db, "SELECT string_agg(DISTINCT state, ' ') FROM groundwork.delivery") == "done"
    runs.tally.add(**figures)


def test_the_kills_hit_runs(db, runs, outbox):
    """What the others rely on."""
    kills = []
    score_workouts(db, lambda: kills.append(runs.go(db, Point("calculate-score", "score-members", "returned"))), outbox)
    assert (kills, scalar(db, "SELECT max(attempt) FROM groundwork.delivery")) == ([1], 2)
