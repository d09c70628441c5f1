"""One connection to a mail server, over which several mails go, with the time limits of RFC 5321."""

import re
import smtplib
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from groundwork.blocks.errors import RecipientRefused
from groundwork.blocks.mail.server import MailServer
from groundwork.blocks.mail.wire import Wire


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds for which the server may stay silent (RFC 5321, 4.5.3.2). Whoever gives up sooner sends a second copy to
    a server that is slow, and not gone.

    Attributes:
        connect: until it greets.
        command: until it answers any other command.
        data: until it answers DATA.
        content: until it takes the next block of the content.
        taken: after the final dot, while it may be looking through the message.
    """

    connect: float = 300.0
    command: float = 300.0
    data: float = 120.0
    content: float = 180.0
    taken: float = 600.0


LIMITS = TimeLimits()
_GOODBYE = 5.0
"""Seconds that the answer to QUIT may take, which nobody needs."""
_DOT = re.compile(rb"(?m)^\.")


@dataclass
class MailConnection:
    """An open session.

    Attributes:
        server: whom it is with.
        mails: messages that were begun on it.
        used_at: monotonic time of the last one.
        content_sent: whether the last message's content has gone out whole, so that the server may have taken it.
    """

    server: MailServer
    smtp: smtplib.SMTP
    mails: int = 0
    used_at: float = field(default_factory=time.monotonic)
    content_sent: bool = False

    @classmethod
    def open(cls, server: MailServer, hello: str | None) -> "MailConnection":
        """Connect, encrypt and log in.

        Args:
            server: with whom.
            hello: the name that EHLO says; None for this machine's own.

        Raises:
            OSError: see :meth:`MailServer.connect`.
        """
        smtp = server.connect(LIMITS.connect, hello)
        return cls(server, smtp)

    def send(self, proved: Wire) -> None:
        """Hand over one message. After an error only :meth:`close` is of use, but where :attr:`is_open` says otherwise.

        Raises:
            RecipientRefused: an address is not ASCII, and the server takes no other.
            smtplib.SMTPRecipientsRefused: some recipients were refused; those who were not have the message.
            OSError: the server refused, or the connection broke; mostly an smtplib.SMTPException.
        """
        if proved.needs_utf8 and not self.smtp.has_extn("smtputf8"):
            raise RecipientRefused(
                f"{self.server.host} takes addresses in ASCII only, and {', '.join(proved.recipients)} is not. Correct "
                "it in the user's profile, or send by a server with SMTPUTF8"
            )
        self.mails += 1
        self.content_sent = False
        try:
            self._send(proved)
        finally:
            self.used_at = time.monotonic()

    def _send(self, proved: Wire) -> None:
        options = ["SMTPUTF8", "BODY=8BITMIME"] if proved.needs_utf8 else []
        if self.smtp.has_extn("size"):
            options.append(f"size={len(proved.data)}")
        self._wait_at_most(LIMITS.command)
        self.smtp.command_encoding = "utf-8" if proved.needs_utf8 else "ascii"
        code, said = self.smtp.mail(proved.sender, options)
        if code != 250:
            self._give_up(code)
            raise smtplib.SMTPSenderRefused(code, said, proved.sender)
        refused = self._name_recipients(proved.recipients)
        if len(refused) < len(proved.recipients):
            self._hand_over(proved.data)
        else:
            self._give_up(0)
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)

    def _name_recipients(self, recipients: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        refused: dict[str, tuple[int, bytes]] = {}
        for each in recipients:
            code, said = self.smtp.rcpt(each)
            if code == 421:
                self._give_up(code)
                raise smtplib.SMTPResponseException(code, said)
            if code not in (250, 251):
                refused[each] = code, said
        return refused

    def _hand_over(self, data: bytes) -> None:
        self._wait_at_most(LIMITS.data)
        code, said = self.smtp.docmd("data")
        if code != 354:
            self._give_up(code)
            raise smtplib.SMTPDataError(code, said)
        self._wait_at_most(LIMITS.content)
        self.smtp.send(_DOT.sub(b"..", data))
        self.content_sent = True
        self.smtp.send(b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")
        self._wait_at_most(LIMITS.taken)
        code, said = self.smtp.getreply()
        if code != 250:
            self.content_sent = False
            self._give_up(code)
            raise smtplib.SMTPDataError(code, said)

    def _give_up(self, code: int) -> None:
        """End what was begun, so that the next message may follow; the connection, where the server ends it."""
        if code == 421:
            self.smtp.close()
            return
        try:
            self._wait_at_most(LIMITS.command)
            self.smtp.rset()
        except OSError:
            self.smtp.close()

    def _wait_at_most(self, seconds: float) -> None:
        """Bound the server's silence from here on."""
        if self.smtp.sock is not None:
            self.smtp.sock.settimeout(seconds)

    @property
    def is_open(self) -> bool:
        """Whether the next message may be sent on it, as far as can be known here."""
        return self.smtp.sock is not None

    def close(self) -> None:
        """Say goodbye, and do not mind the answer."""
        try:
            if self.smtp.sock is not None:
                self.smtp.sock.settimeout(_GOODBYE)
                with suppress(OSError):
                    self.smtp.quit()
        finally:
            self.smtp.close()
