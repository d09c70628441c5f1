"""Ask the model that is configured, within the budget and the rate of the workspace. For steps only: it may wait."""

import time
from typing import TypeVar

from pydantic import BaseModel

from groundwork.blocks.errors import ConfigurationError, RetryAfter
from groundwork.blocks.nurture.writer import Answer, ModelAway, ModelDeclined, Prompt, writer
from groundwork.tasks.nurture.budget import reserve, settle

T = TypeVar("T", bound=BaseModel)

LONGEST_TURN = 300.0
"""Seconds that a call waits for its turn among those of this minute, before its step is tried again later."""

sleep = time.sleep
"""How a call waits for its turn. Tests do not."""


class OverBudget(Exception):
    """The workspace's budget of the day has no room for another call."""


def ask(workspace_id: str, work: str, prompt: Prompt, output: type[T]) -> Answer[T]:
    """Ask the model once.

    Args:
        work: what is written, such as ``contact:c-7``, for the ledger of costs.
        output: form of the answer.

    Raises:
        OverBudget: the call might cost more than is left of the day's budget; it was not made.
        RetryAfter, ModelAway, ModelDeclined, ConfigurationError: see :meth:`Writer.ask`.
    """
    block = writer()
    most = block.most_micros(prompt)
    waited = 0.0
    while (reservation := reserve(workspace_id, work, block.model_name, most)).wait_seconds:
        if waited + reservation.wait_seconds > LONGEST_TURN:
            raise RetryAfter(
                "more calls of models are wanted than GROUNDWORK_WRITER_CALLS_PER_MINUTE allows",
                reservation.wait_seconds,
            )
        sleep(reservation.wait_seconds)
        waited += reservation.wait_seconds
    if reservation.id is None:
        raise OverBudget
    try:
        answer = block.ask(prompt, output)
    except (RetryAfter, ModelDeclined, ConfigurationError):
        settle(reservation.id, 0)
        raise
    except ModelAway as error:
        if not error.may_be_billed:
            settle(reservation.id, 0)
        raise
    settle(reservation.id, answer.cost_micros, answer.tokens_in, answer.tokens_out)
    return answer
