"""One template to many people, over a few connections: one person's fault keeps the mail from nobody else."""

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice
from typing import Any

from pydantic import BaseModel

from groundwork.blocks.errors import (
    ConfigurationError,
    MailSetupRefused,
    MailsNotSent,
    MailsRefused,
    MailTemporarilyRefused,
    RecipientPutOff,
    RecipientRefused,
)
from groundwork.blocks.settings import settings
from groundwork.events.identifiers import UserId
from groundwork.events.inbox import Attempt, once, running_attempt, written
from groundwork.notifications import notify_once
from groundwork.tasks.attempt_end import ends_the_attempt

REASONS_TOLD = 3
"""Different reasons that the error quotes."""
FAILED_IN_A_ROW = 20
"""Mails that fail one after another before the others are left to the next try: it is not those twenty people's fault,
and servers bar whoever goes on. A recipient who is put off does not count: greylisting does that to all, once."""
LONGEST_WITHOUT_SUCCESS = 60.0
"""Seconds of failures after which the others are left to the next try, too: a server that answers nothing takes minutes
for each mail."""
REFUSED_TOLD = 100
"""Recipients whom the result names with the reason. It is kept with the delivery, and goes to whoever asks for it."""
_REASON_LENGTH = 400
_REFUSALS = "mail-refused"
"""Ledger of recipients who were refused for good, who are not asked for again by this delivery."""


class MailedRound(BaseModel):
    """What became of it.

    Attributes:
        sent: messages, also by tries before.
        refused: why, by user id, where the fault is the recipient's own; of the first :data:`REFUSED_TOLD`.
        refused_in_all: how many were.
    """

    sent: int = 0
    refused: dict[str, str] = {}
    refused_in_all: int = 0


def mail_round(template: str, user_ids: Sequence[str], values: Mapping[str, Any]) -> MailedRound:
    """Send a notification to each user who has none yet by the delivery that is running, several at once.

    Call it in a step, whose retries go on with those who are left.

    Args:
        template: name of the notification; one per delivery.
        user_ids: everybody who is to have it.
        values: what it shows.

    Raises:
        MailsNotSent: some were not sent, and trying again may help.
        MailsRefused: likewise, and it will not help.
        ControlFlow: the attempt has ended.
    """
    round_ = _Round(running_attempt(), template, user_ids, values)
    round_.run(settings().mail_connections)
    return round_.outcome()


class _Round:
    """One try to reach all of them."""

    def __init__(self, attempt: Attempt, template: str, user_ids: Sequence[str], values: Mapping[str, Any]) -> None:
        self._attempt, self._template, self._values = attempt, template, values
        self._users = len(user_ids)
        told = written(attempt, "notify")
        before = {each: told[key] for each in user_ids if (key := f"{template}:{each}") in told}
        self._sent = sum(bool(each) for each in before.values())
        self._refused: dict[str, str] = written(attempt, _REFUSALS)
        left = [each for each in user_ids if each not in before and each not in self._refused]
        # In another order each time: whoever fails in every try stands before the others in few of them.
        self._left = random.sample(left, len(left))
        self._failed: dict[str, Exception] = {}
        self._in_a_row = 0
        self._succeeded_at = time.monotonic()
        self._hopeless = False
        self._ending: BaseException | None = None
        self._lock = threading.Lock()

    def run(self, connections: int) -> None:
        """Mail until nobody is left, or it is hopeless.

        Raises:
            BaseException: the attempt has ended.
        """
        # By one first: a server that is away, or takes nothing from us, is asked once.
        if self._work(until_success=True) and (workers := min(connections, len(self._left))):
            with ThreadPoolExecutor(workers, "mails") as pool:
                try:
                    for done in [pool.submit(copy_context().run, self._work) for _ in range(workers)]:
                        done.result()
                finally:
                    self._hopeless = True
        if self._ending:
            raise self._ending

    def _work(self, until_success: bool = False) -> bool:
        """Mail, until a mail fails as all others would by this connection. The server may have limited how many there
        are, and take more by the others.

        Returns:
            Whether this one can go on.
        """
        sent_before = self._sent
        while not (until_success and self._sent > sent_before) and (user_id := self._next()) is not None:
            outcome: object
            try:
                outcome = notify_once(UserId.stored(user_id), self._template, self._values)
            except BaseException as error:
                outcome = error
            self._note(user_id, outcome)
            if isinstance(outcome, MailTemporarilyRefused) and outcome.for_everybody:
                with self._lock:
                    self._left.insert(0, user_id)
                return False
        return not self._hopeless

    def _next(self) -> str | None:
        with self._lock:
            return None if self._hopeless or not self._left else self._left.pop()

    def _note(self, user_id: str, outcome: object) -> None:
        if isinstance(outcome, RecipientRefused):
            with once(self._attempt, _REFUSALS, key=user_id) as entry:
                entry.result = entry.result or _reason(outcome)
        with self._lock:
            if isinstance(outcome, RecipientRefused):
                self._refused[user_id] = _reason(outcome)
                self._failed.pop(user_id, None)
            elif not isinstance(outcome, BaseException):
                self._sent += bool(outcome)
                self._failed.pop(user_id, None)
                self._in_a_row, self._succeeded_at = 0, time.monotonic()
            elif not isinstance(outcome, Exception) or ends_the_attempt(outcome):
                self._ending, self._hopeless = outcome, True
            else:
                self._failed[user_id] = outcome
                self._in_a_row += not isinstance(outcome, RecipientPutOff)
                self._hopeless |= self._is_hopeless(outcome)

    def _is_hopeless(self, error: Exception) -> bool:
        return (
            isinstance(error, ConfigurationError)
            or self._in_a_row >= FAILED_IN_A_ROW
            or time.monotonic() - self._succeeded_at > LONGEST_WITHOUT_SUCCESS
        )

    def outcome(self) -> MailedRound:
        """What the try came to.

        Raises:
            MailsNotSent, MailsRefused: see :func:`mail_round`.
        """
        untried = len(set(self._left) - self._failed.keys())
        if not self._failed and not untried:
            told = dict(islice(self._refused.items(), REFUSED_TOLD))
            return MailedRound(sent=self._sent, refused=told, refused_in_all=len(self._refused))
        reasons = Counter(_reason(each) for each in self._failed.values())
        first = "; ".join(f"{reason} ({times} times)" for reason, times in list(reasons.items())[:REASONS_TOLD])
        others = f" {untried} were not tried, as the fault is likely the same for all." if untried else ""
        refused = f" Refused for good: {', '.join(list(self._refused)[:REASONS_TOLD])}." if self._refused else ""
        missing = f"{len(self._failed) + untried} of {self._users} mails not sent"
        # OSError: the outbox's disk is full.
        may_help = any(isinstance(each, MailTemporarilyRefused | OSError) for each in self._failed.values())
        kind = MailsNotSent if may_help else MailsRefused
        error = kind(f"{missing}. The first reasons: {first}.{others}{refused}")
        error.blockage = next(
            (each.blockage for each in self._failed.values() if isinstance(each, MailSetupRefused)), None
        )
        raise error


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_REASON_LENGTH].rstrip(".")
