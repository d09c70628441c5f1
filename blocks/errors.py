"""What can go wrong, in words for the person who has to act.

A docstring's first paragraph is the message of an error that is raised without text: what happened and what to do. The
tree, with the exit code of a command that an error ends (1 the work failed, 2 wrong use or configuration)::

    Explained
    ├─ GroundworkError ................. somebody has to act, or try again                      2
    │  ├─ NonRetriable ................. no retry can help                                      1
    │  │  ├─ NotStorable, EventMisfit, ChainTooLong, InvokedJobFailed, WaitedTooLong
    │  │  ├─ BlobMissing, BlobChanged, BlobDamaged, BlobRefused, UploadLost
    │  │  └─ MailRefused, and of it RecipientRefused
    │  ├─ ConfigurationError ........... a setting or the code; no retry can help               2
    │  ├─ UnknownName, DatabaseUnavailable, DeliveryDied, Exited, SeveralErrors
    │  ├─ RetryAfter ................... the step waits as long as it was asked to
    │  └─ MailTemporarilyRefused, and of it RecipientPutOff, MailSetupRefused, MailsNotSent, MailsRefused
    └─ ControlFlow ..................... nobody has to act: the run ends, the delivery does not   1
       ├─ StaleAttempt, PutOff
       └─ Interrupted

:class:`Suspended` and :class:`Postponed` stand beside the tree: they are no errors, and ``except Exception`` leaves
them alone.

``except GroundworkError`` leaves control flow alone: a job that swallowed it would work on as if the delivery were its
own.
"""

import inspect
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Protocol, Self

from groundwork.blocks.retry_after import seconds_of, seconds_of_headers


class Explained(Exception):
    """Something went wrong, and the class of the error says what.

    Attributes:
        exit_code: of a command that it ends: 1 the work failed, 2 wrong use or configuration.
    """

    exit_code: ClassVar[int] = 2

    def __str__(self) -> str:
        return super().__str__() or self.default_message()

    @classmethod
    def default_message(cls) -> str:
        """What the class says where no text is given: the first paragraph of its docstring, on one line."""
        return " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split())


class GroundworkError(Explained):
    """Groundwork refuses, or could not do what it was asked to do. The message says what to do about it.

    Attributes:
        blockage: what keeps the work of everybody waiting until an operator acts, such as ``mail``; None where nothing
            does. The relay tells of it while deliveries wait for another try.
    """

    blockage: str | None = None


class ControlFlow(Explained):
    """The run ends here, and its delivery goes on elsewhere. No action is needed."""

    exit_code = 1


class StaleAttempt(ControlFlow):
    """Another run has claimed this delivery since. This run may neither write nor settle; nothing it wrote after that
    was kept. No action is needed."""


class Interrupted(ControlFlow):
    """What the job works with went away in the middle. The delivery does not fail: another attempt gets it, as if the
    run had been killed. No action is needed unless its attempts are used up."""


class Suspended(BaseException):
    """The run ends here and its delivery waits; another run goes on from there. No action is needed.

    It passes ``except Exception`` on purpose: a job that swallowed it would work on as if nothing had to be waited for.
    """


class PutOff(ControlFlow):
    """The next try of a step is far off. The run ends, and its delivery waits for it; no action is needed.

    Attributes:
        step: its name.
        work: names what it was to do, across runs.
        seconds: until the next try.
        tries: that it has used up.
        reason: why the last one failed.
        blockage: that of its error.
    """

    def __init__(self, step: str, work: str, seconds: float, tries: int) -> None:
        super().__init__(f"step {step} is tried again in {seconds:.0f} s")
        self.step, self.work, self.seconds, self.tries = step, work, seconds, tries
        self.reason = ""
        self.blockage: str | None = None

    @classmethod
    def mark(cls, error: Exception, put_off: "PutOff") -> None:
        """Let an error say that its step is put off."""
        vars(error)["groundwork_put_off"] = put_off

    @classmethod
    def take_from(cls, error: BaseException) -> "PutOff | None":
        """What an error's step is put off by; None where it has failed. The mark is taken off: code may raise one error
        again and again."""
        taken: PutOff | None = vars(error).pop("groundwork_put_off", None)
        return taken


class Postponed(BaseException):
    """What a job's body is left by when a step of it is put off. Like :class:`Suspended`, it passes
    ``except Exception``.

    Attributes:
        put_off: which step, and until when.
    """

    def __init__(self, put_off: PutOff) -> None:
        super().__init__(str(put_off))
        self.put_off = put_off


class NonRetriable(GroundworkError):
    """The input is wrong and will stay wrong. No retry can help, so the job fails at once. Mend the input, then send a
    new event."""

    exit_code = 1


class NotStorable(NonRetriable):
    """The inbox cannot store a value, now or later: it is too long, malformed or out of range. Mend it, then send a new
    event."""


class EventMisfit(NonRetriable):
    """A stored event does not fit its type in this code. Mend the type so that it reads what is stored (docs/jobs.md,
    "Event types that change"), deploy, then `groundwork dead replay`."""


class ChainTooLong(NonRetriable):
    """Jobs have sent each other too many events in a row. Find what sends them round, or raise
    GROUNDWORK_MAX_CHAIN_DEPTH."""


class BlobMissing(NonRetriable):
    """The blob store has no object at this key. Upload it again and send a new event."""


class BlobChanged(NonRetriable):
    """The object changed while it was being read, so its parts may not belong together. Upload it under a new key and
    send a new event."""


class BlobRefused(NonRetriable):
    """The blob store refused access. Check the credentials and the rights that docs/blocks.md lists, then send a new
    event."""


class BlobDamaged(NonRetriable):
    """The blob store keeps other bytes than it was sent. `groundwork store check` says what it gets wrong."""


class UploadLost(NonRetriable):
    """The multipart upload is gone, or it lacks a part that was named: somebody else completed it, it was aborted, or
    the bucket's lifecycle rule ended it. Begin a new upload; for a job, send a new event."""


class MailRefused(NonRetriable):
    """The mail server refused this message for good: its size or its content. Correct it, then send a new event."""


class RecipientRefused(MailRefused):
    """The mail server refused this one recipient for good, or the address is not a mail address. Correct it in the
    user's profile; mails to others are not concerned."""


class ConfigurationError(GroundworkError):
    """A setting is missing, malformed or not safe for this mode. The message names the setting and the cure."""


class UnknownName(GroundworkError):
    """Nothing has this name. The message suggests the nearest names."""


class DatabaseUnavailable(GroundworkError):
    """PostgreSQL cannot be reached. In the embedded mode run `groundwork up`; else check GROUNDWORK_DATABASE_URL."""


class InvokedJobFailed(NonRetriable):
    """The other job has failed for good, or was cancelled. The message has its error. Mend that one, replay it, then
    replay this one."""


class WaitedTooLong(NonRetriable):
    """The other job has not ended in the time that it was given."""


class DeliveryDied(GroundworkError):
    """No run could bring the delivery to an end, or its run was cancelled. The message says which."""


class Exited(GroundworkError):
    """A job or a step tried to end its process, as by sys.exit(), or raised what is no Exception. It ends by returning,
    or by raising an Exception."""


class SeveralErrors(GroundworkError):
    """Several steps of a job that ran side by side have failed. The message has the error of each."""


class RetryAfter(GroundworkError):
    """A provider asked to be called again later. The step waits that long before it tries again.

    A text that is neither a number nor a date of HTTP counts as 0: the step's own delay stays, since a provider's
    malformed header is no reason to fail a job.

    Attributes:
        seconds: how long the provider wants to be left alone; 0 for a moment that is over.

    Raises:
        ConfigurationError: ``seconds`` is negative, not finite, a datetime without time zone, or no time.
    """

    def __init__(self, message: str, seconds: float | timedelta | datetime | str) -> None:
        """Say how long to wait.

        Args:
            message: what the provider said.
            seconds: seconds, a timedelta, a datetime with a time zone, or what the header ``Retry-After`` says: seconds
                or a date.
        """
        super().__init__(message)
        try:
            self.seconds = seconds_of(seconds) or 0.0
        except (ValueError, TypeError) as error:
            raise ConfigurationError(f"RetryAfter({message!r}, {seconds!r}): {error}") from None

    @classmethod
    def of(cls, response: "HasHeaders", message: str = "") -> Self:
        """What a response of httpx or requests asks for by its header ``Retry-After``::

            if response.status_code in (429, 503):
                raise RetryAfter.of(response)

        Without such a header, or with one that cannot be read, the step's own delay stays.

        Args:
            response: of httpx, requests or the like: it has ``headers`` and, as a rule, ``status_code``.
            message: what the provider said; by default the status.
        """
        status = getattr(response, "status_code", None) or getattr(response, "status", "")
        return cls(message or f"the provider answered {status}".strip(), seconds_of_headers(response.headers) or 0.0)


class HasHeaders(Protocol):
    """A response, as far as :meth:`RetryAfter.of` looks at it."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers."""


class MailTemporarilyRefused(GroundworkError):
    """The mail server put the message off (a 4xx reply), or the connection broke. The step tries again by itself; no
    action is needed unless it lasts.

    Attributes:
        for_everybody: the server is away, or refused before it knew the recipient, so every other mail fails likewise.
    """

    def __init__(self, message: str = "", *, for_everybody: bool = False) -> None:
        super().__init__(message)
        self.for_everybody = for_everybody


class RecipientPutOff(MailTemporarilyRefused):
    """The mail server put off this one recipient, as by greylisting, or since the mailbox is busy. The step tries again
    by itself; no action is needed unless it lasts."""


class MailSetupRefused(MailTemporarilyRefused):
    """The mail server refuses this installation: its login, sender, network or right to relay. Nobody's mail goes out.
    Correct GROUNDWORK_SMTP_URL, GROUNDWORK_MAIL_FROM or the server, then `groundwork dead replay`."""

    blockage = "mail"


class MailsNotSent(MailTemporarilyRefused):
    """Some of a job's mails were not sent, for the reasons that the message names. Mend those, then
    `groundwork dead replay`: it sends to those who have no mail yet."""


class MailsRefused(MailsNotSent, NonRetriable):
    """Some of a job's mails were not sent, and trying again cannot help. Mend what the message names, then
    `groundwork dead replay`: it sends to those who have no mail yet."""
