"""The smallest job: one step that does nothing."""

from groundwork.events.base import Event
from groundwork.flows.job import job
from groundwork.tasks.step import step


class StepWanted(Event, name="benchmark/step.wanted"):
    number: int


@step
def nothing(number: int) -> int:
    return number


@job(on=StepWanted, lane=1)
def one_step(event: StepWanted) -> int:
    return nothing(event.number)
