"""What members log in tests, and the alerts that come of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from groundwork.events.fitness.alerts import InjuryRiskDetected
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.fitness.risks.thresholds import Threshold, set_threshold
from groundwork.tasks.fitness.workouts.log import Workout, log_workout
from tests.integration.fitness.gyms import ACME

NOW = datetime.now(UTC)
TODAY = NOW.date()


def workout(number: int, days_ago: int, load: float = 300, member: str = "ada") -> Workout:
    at = datetime.now(UTC) - timedelta(days=days_ago)
    return Workout(id=f"w{number}", member_id=member, at=at, minutes=load / 5, rpe=5)


def log(db, *workouts: Workout) -> None:
    with db.transaction() as connection:
        for each in workouts:
            log_workout(connection, ACME, each)


def results_of(done: list[tuple[str, Any]], job: str) -> list[Any]:
    return [result for name, result in done if name == job]


def spike(db) -> None:
    """Weeks of even load that end in a spike, logged and not scored yet; the workspace looks for such."""
    with db.transaction() as connection:
        set_threshold(connection, ACME, Threshold("load-spike", 1.5, 1.3, 7))
    log(db, *(workout(day, day, 100.0 if day > 3 else 400.0) for day in range(1, 39)))


def alert(**fields: Any) -> InjuryRiskDetected:
    usual = {
        "workspace_id": WorkspaceId("acme"), "member_id": "ada", "crossing": 1, "detected_on": TODAY,
        "detected_at": NOW, "kind": "load-spike",
    }  # fmt: skip
    return InjuryRiskDetected(**usual | fields)
