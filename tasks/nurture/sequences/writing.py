"""The model's part: each work is asked for until it may be used, a few times at most. Each call is a step."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from groundwork.blocks.settings import settings
from groundwork.events.identifiers import WorkspaceId
from groundwork.tasks.attempt_end import ends_the_attempt
from groundwork.tasks.nurture.brand_voice import BrandVoice
from groundwork.tasks.nurture.sequences import prompts
from groundwork.tasks.nurture.sequences.steps import ask_model, keep_template
from groundwork.tasks.nurture.sequences.written import Asked, Call, Work, Written

MOST_CALLS = 3
"""For one work: a model that has been told twice what is wrong is not told a third time."""
_REASON_LENGTH = 300


def write(workspace_id: WorkspaceId, works: Sequence[Work], voice: BrandVoice) -> dict[str, Written | Exception]:
    """Have the model write; templates are kept for a person to approve.

    Returns:
        What it wrote, or why it did not, by the names of the works. An error where it is away or not set up, so that a
        replay may help; but not for a template: until the next try there are the built-in ones.
    """
    writing = _Writing(workspace_id, works, voice)
    for number in range(1, MOST_CALLS + 1):
        writing.ask_all(number)
    for work in works:
        written = writing.done[work.name]
        if work.kind == "template" and isinstance(written, Written) and written.draft:
            keep_template(workspace_id, work, voice, written=written)
    return writing.done


def usable(written: Mapping[str, Written | Exception]) -> dict[str, Written]:
    """Those that came to an end, with mails or without."""
    return {name: each for name, each in written.items() if isinstance(each, Written)}


def failed(written: Mapping[str, Written | Exception]) -> list[str]:
    """The names of the works that the model could not be asked for: nothing is stored of them until a replay."""
    return sorted(name for name, each in written.items() if isinstance(each, Exception))


class _Writing:
    """All works of a run."""

    def __init__(self, workspace_id: WorkspaceId, works: Sequence[Work], voice: BrandVoice) -> None:
        self._workspace_id, self._voice = workspace_id, voice
        self._open = {each: Written(prompt_version=prompts.VERSION) for each in works}
        self._faults: dict[Work, tuple[str, ...]] = {}
        self._ended: str | None = None
        self.done: dict[str, Written | Exception] = {}

    def ask_all(self, number: int) -> None:
        """Ask for what is not done, for the ``number``-th time."""
        for group in _groups(list(self._open), settings().workspace_provider_limit):
            if self._ended:
                break
            futures = [(work, self._asked(work, number)) for work in group]
            for work, future in futures:
                self._note(work, number, future.result(raise_on_failure=False))
        if self._ended:
            for work, so_far in self._open.items():
                self.done[work.name] = so_far.model_copy(update={"reason": self._ended})
            self._open = {}

    def _asked(self, work: Work, number: int) -> Any:
        call = Call(number=number, prompt_version=prompts.VERSION, corrections=self._faults.get(work, ()))
        return ask_model.submit(self._workspace_id, work, self._voice, call)

    def _note(self, work: Work, number: int, outcome: Asked | BaseException) -> None:
        """Take down what a call came to.

        Raises:
            BaseException: the outcome concerns the attempt, and not the work.
        """
        if isinstance(outcome, BaseException):
            if not isinstance(outcome, Exception) or ends_the_attempt(outcome):
                raise outcome
            self.done[work.name] = self._without_model(work, outcome)
            del self._open[work]
            return
        so_far = self._open[work] = self._open[work].after(outcome)
        self._faults[work] = outcome.faults
        if outcome.ends_all:
            self._ended = outcome.hopeless
        if not outcome.faults or number == MOST_CALLS:
            self.done[work.name] = so_far
            del self._open[work]

    def _without_model(self, work: Work, error: Exception) -> Written | Exception:
        if work.kind == "contact":
            return error
        reason = f"{type(error).__name__}: {error}"[:_REASON_LENGTH]
        return self._open[work].model_copy(update={"reason": reason})


def _groups(works: list[Work], size: int) -> Iterator[list[Work]]:
    """As many as may call a provider at once: more would only wait, each in a thread of its own."""
    for begin in range(0, len(works), size):
        yield works[begin : begin + size]
