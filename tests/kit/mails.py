"""Mails as a test reads them."""

from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Mail:
    """One mail of the outbox.

    Attributes:
        to: addresses and names, as the header has them.
        text: the plain words; empty where it has none.
        html: likewise.
        message: all of it, for headers and attachments.
    """

    to: str
    subject: str
    text: str
    html: str
    message: EmailMessage = field(repr=False, compare=False)

    @classmethod
    def of(cls, message: EmailMessage) -> Self:
        """The mail in a message."""
        return cls(
            to=str(message["To"]),
            subject=str(message["Subject"]),
            text=_body(message, "plain"),
            html=_body(message, "html"),
            message=message,
        )


def mails_in(outbox: Path) -> list[Mail]:
    """The mails of an outbox, the oldest first."""
    files = sorted(outbox.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    return [Mail.of(message_from_bytes(file.read_bytes(), policy=policy.default)) for file in files]


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return "" if part is None else str(part.get_content())
