"""The digest to everybody who wants it: one user's fault keeps it from nobody else."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from prefect.utilities.annotations import quote

from groundwork.blocks.errors import (
    ConfigurationError,
    MailSetupRefused,
    MailsNotSent,
    RecipientRefused,
)
from groundwork.events.identifiers import UserId
from groundwork.tasks.attempt_end import ends_the_attempt
from groundwork.tasks.contacts.digests import steps
from groundwork.tasks.contacts.digests.figures import WeeklyFigures

REASONS_TOLD = 3
"""Different reasons that the error quotes."""
_REASON_LENGTH = 400


def mail_digests(user_ids: Sequence[str], week: WeeklyFigures) -> dict[str, Any]:
    """Send the digest to each user, each in a step of its own.

    Returns:
        ``sent``: how many messages; ``refused``: why, by user id, where the fault is the recipient's own.

    Raises:
        MailsNotSent: some were not sent for another reason. A replay mails those only.
    """
    round_ = _Round(len(user_ids))
    values = quote(steps.digest_values(week))
    for user_id in user_ids:
        round_.note(
            user_id, round_.step()(UserId.stored(user_id), values, return_state=True).result(raise_on_failure=False)
        )
        if round_.is_hopeless:
            break
    return round_.outcome()


class _Round:
    """One round over the users.

    Args:
        users: how many there are.
    """

    def __init__(self, users: int) -> None:
        self._users = users
        self._sent = 0
        self._tried = 0
        self._refused: dict[str, str] = {}
        self._failed: dict[str, Exception] = {}
        self._impatient = False
        self.is_hopeless = False

    def step(self) -> Any:
        """The step that mails; without retries once the set-up has proved wrong, as each would wait two minutes."""
        return steps.mail_digest.with_options(retries=0) if self._impatient else steps.mail_digest

    def note(self, user_id: str, outcome: object) -> None:
        """Take down what became of a user's mail.

        Raises:
            BaseException: the outcome concerns the attempt, not the mail.
        """
        self._tried += 1
        if isinstance(outcome, RecipientRefused):
            self._refused[user_id] = str(outcome)
        elif isinstance(outcome, BaseException):
            if not isinstance(outcome, Exception) or ends_the_attempt(outcome):
                raise outcome
            self._failed[user_id] = outcome
            self._impatient |= isinstance(outcome, MailSetupRefused)
            self.is_hopeless = isinstance(outcome, ConfigurationError) or (
                isinstance(outcome, MailSetupRefused) and outcome.for_everybody
            )
        else:
            self._sent += bool(outcome)

    def outcome(self) -> dict[str, Any]:
        """What the round came to.

        Raises:
            MailsNotSent: see :func:`mail_digests`.
        """
        if not self._failed:
            return {"sent": self._sent, "refused": self._refused}
        left = self._users - self._tried
        reasons = Counter(_reason(each) for each in self._failed.values())
        told = "; ".join(f"{reason} ({times} times)" for reason, times in list(reasons.items())[:REASONS_TOLD])
        untried = f" {left} were not tried, as the fault is the same for all." if left else ""
        refused = f" Refused for good: {', '.join(list(self._refused)[:REASONS_TOLD])}." if self._refused else ""
        missing = f"{len(self._failed) + left} of {self._users} digests not sent"
        raise MailsNotSent(f"{missing}. The first reasons: {told}.{untried}{refused}")


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_REASON_LENGTH].rstrip(".")
