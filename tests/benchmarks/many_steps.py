"""Times memoised steps: ``python -m tests.benchmarks.many_steps NUMBER`` prints milliseconds per step."""

import sys
import time

from sqlalchemy import text

from groundwork.blocks.database import database
from groundwork.deployments.wiring.prepare import prepare_database
from groundwork.events.base import Event
from groundwork.events.identifiers import WorkspaceId
from groundwork.events.inbox import send
from groundwork.events.inbox.admission import admit
from groundwork.flows.job import job
from groundwork.tasks.step import step
from tests.factories import delivery_of


class StepsCounted(Event, name="benchmark/steps.counted"):
    number: int


@step
def numbered(number: int) -> int:
    return number


@job(on=StepsCounted, lane=1)
def many_steps(event: StepsCounted) -> float:
    numbered(0)
    began = time.perf_counter()
    for number in range(1, event.number + 1):
        numbered(number)
    return (time.perf_counter() - began) * 1000 / event.number


def main() -> None:
    """Run the job twice on one delivery: the second attempt finds every step done."""
    prepare_database(database())
    event_id = send(StepsCounted(workspace_id=WorkspaceId("benchmark"), number=int(sys.argv[1])))
    admit(capacity=100)
    delivery = delivery_of(database(), event_id)
    first = many_steps(delivery_id=delivery.id)
    _reopen(delivery.id)
    print(first, many_steps(delivery_id=delivery.id))


def _reopen(delivery_id: object) -> None:
    with database().transaction() as connection:
        connection.execute(
            text("UPDATE groundwork.delivery SET state = 'admitted' WHERE id = :id"), {"id": delivery_id}
        )


if __name__ == "__main__":
    main()
