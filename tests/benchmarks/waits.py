"""The smallest jobs that wait, and one that does not."""

from groundwork.blocks.errors import RetryAfter
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


class ProviderWanted(Event, name="benchmark/provider.wanted"):
    number: int


@step
def ask_provider(number: int) -> int:
    """Asks one that is away for ten minutes."""
    raise RetryAfter(f"nobody answers {number}", 600)


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


@job(on=ProviderWanted, lane=200)
def depend_on_provider(event: ProviderWanted) -> int:
    return ask_provider(event.number)
