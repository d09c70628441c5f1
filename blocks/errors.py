"""What can go wrong, in words for the person who has to act.

A docstring of an exception is the operator's message: what happened and what to do about it.
"""

from typing import ClassVar


class GroundworkError(Exception):
    """Base of every error that Groundwork raises on purpose.

    Attributes:
        exit_code: of a command that it ends: 1 the work failed, 2 wrong use or configuration.
    """

    exit_code: ClassVar[int] = 2


class NonRetriable(GroundworkError):
    """The input is wrong and will stay wrong: no retry can help, so the job fails at once. Mend it, then send a new
    event."""

    exit_code = 1


class RetryAfter(GroundworkError):
    """A provider asked to be called again no sooner than in ``seconds``. The step waits that long before it tries
    again."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class NotStorable(NonRetriable):
    """The inbox cannot store a value, now or later: too long, malformed or out of range. The message names it. Mend it,
    then send a new event."""


class StaleAttempt(NonRetriable):
    """Another run has claimed this delivery since. This run may neither write nor settle; nothing it wrote after that
    was kept. No action is needed."""


class DeliveryDied(GroundworkError):
    """No run could bring the delivery to an end, or its run was cancelled. The message says which."""


class UnknownName(GroundworkError):
    """The name is not in the catalogue. The message suggests the nearest names; `GET /catalogue` lists them all."""


class DatabaseUnavailable(GroundworkError):
    """PostgreSQL cannot be reached. In the embedded mode run `groundwork up`; else check GROUNDWORK_DATABASE_URL."""


class BlobMissing(NonRetriable):
    """The blob store has no object at this key. Upload it again and send a new event."""


class BlobChanged(NonRetriable):
    """The object changed while it was being read, so its parts may not belong together. Upload it under a new key and
    send a new event."""


class ConfigurationError(GroundworkError):
    """A setting is missing, malformed or not safe for this mode. The message names the setting and the cure."""


class BlobRefused(NonRetriable):
    """The blob store refused access. Check the credentials and the rights that docs/blocks.md lists, then send a new
    event."""


class MailRefused(NonRetriable):
    """The mail server refused this message for good: its size or its content. Correct it, then send a new event."""


class RecipientRefused(MailRefused):
    """The mail server refused this one recipient for good, or the address is none. Correct it in the user's profile;
    mails to others are not concerned."""


class MailTemporarilyRefused(GroundworkError):
    """The mail server put the message off (a 4xx reply) or the connection broke. The step tries again by itself; no
    action is needed unless it lasts."""


class MailSetupRefused(MailTemporarilyRefused):
    """The mail server refuses this installation: its login, sender, network or right to relay. Nobody's mail goes out.
    Correct GROUNDWORK_SMTP_URL, GROUNDWORK_MAIL_FROM or the server, then `groundwork dead replay`.

    Attributes:
        for_everybody: the server refused before it knew the recipient, so that every other mail fails likewise.
    """

    def __init__(self, message: str, *, for_everybody: bool = False) -> None:
        super().__init__(message)
        self.for_everybody = for_everybody


class MailsNotSent(MailTemporarilyRefused):
    """Some of a job's mails were not sent, for the reasons that the message names. Mend those, then
    `groundwork dead replay`: it sends to those who have no mail yet."""


class UploadLost(NonRetriable):
    """The multipart upload is gone (completed otherwise, aborted, or ended by the bucket's lifecycle rule), or it lacks
    a part that was named. Begin a new upload; for a job, send a new event."""


class Interrupted(GroundworkError):
    """What the job works with went away in the middle. The delivery is not failed but given to another attempt, as if
    the run had been killed; no action is needed unless its attempts are used up."""
