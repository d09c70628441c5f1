"""The smallest jobs that wait, and one that does not."""

from groundwork.events.base import Event
from groundwork.flows.job import job
from groundwork.flows.waiting import wait_for_event
from groundwork.tasks.step import step


class AnswerWanted(Event, name="benchmark/answer.wanted"):
    number: int


class AnswerGiven(Event, name="benchmark/answer.given"):
    number: int


class NothingWanted(Event, name="benchmark/nothing.wanted"):
    number: int


@step
def handle(number: int) -> int:
    return number


@job(on=AnswerWanted, lane=10, interactive=True)
def wait_for_answer(event: AnswerWanted) -> int | None:
    answer = wait_for_event("answer", AnswerGiven, match="number", timeout=3600)
    return handle(answer.number) if answer else None


@job(on=NothingWanted, lane=10, interactive=True)
def go_on_at_once(event: NothingWanted) -> int:
    return handle(event.number)
