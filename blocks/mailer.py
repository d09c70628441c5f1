"""The Mailer block: SMTP by URL; ``.eml`` files in a folder by default."""

import hashlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP as WIRE_FORMAT
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import Field, SecretStr

from blocks.atomic_file import atomic_file, forget_unfinished
from blocks.configured import ConfiguredBlock
from blocks.errors import ConfigurationError, MailRefused, MailTemporarilyRefused, RecipientRefused
from blocks.settings import settings

TIMEOUT = 30.0
"""Seconds that the server may stay silent."""
_DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
_PARTIAL = ".partial"
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Mailer(ConfiguredBlock):
    """Sends mail.

    Left empty, it is what ``GROUNDWORK_SMTP_URL`` says, else each mail is a file in the folder ``outbox`` of the
    Groundwork home.
    """

    _block_type_name: ClassVar[str] = "Groundwork Mailer"
    _block_type_slug: ClassVar[str] = "groundwork-mailer"
    _description: ClassVar[str] = "Sends mail by SMTP, or writes it as .eml files."

    smtp_url: SecretStr | None = Field(
        None,
        title="SMTP URL",
        description="smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465. Empty: .eml files in "
        "the folder `outbox` of the home.",
    )

    @classmethod
    def from_settings(cls) -> Self | None:
        url = settings().smtp_url
        return cls(smtp_url=url) if url else None

    def send(self, message: EmailMessage) -> None:
        """Hand one message over to the server, or write it to the outbox.

        A message to several recipients may be refused for some and delivered to the others; send one message each where
        a repeat would matter. The outbox or the server has the message when this returns.

        Args:
            message: with From, To and Message-ID. A repeat with the same Message-ID replaces the file in the outbox; of
                two mails by SMTP with the same Message-ID most servers show one.

        Raises:
            ValueError: a header is missing.
            RecipientRefused: 5xx to the recipient, who is named; trying again cannot help.
            MailRefused: 5xx to anything else, such as the password or the content.
            MailTemporarilyRefused: 4xx, or the connection broke. If it broke after the content was sent, the
                server may have taken the message, so that the next try delivers it again, with the same Message-ID.
            ConfigurationError: the URL is malformed, the certificate is not trusted, or the server offers no
                encryption for the password.
        """
        for header in ("From", "To", "Message-ID"):
            if not message[header]:
                raise ValueError(f"the message has no {header}; set it before sending")
        url = self.smtp_url or settings().smtp_url
        if url is None:
            _write(message, _outbox())
        else:
            _transmit(message, _checked(url.get_secret_value()))

    def forget_unfinished(self, older_than: timedelta) -> int:
        """Delete unfinished files of the outbox that killed processes left behind.

        Args:
            older_than: longer than any write takes; younger ones may still be written.

        Returns:
            How many there were.
        """
        return forget_unfinished(_outbox() / _PARTIAL, (datetime.now(UTC) - older_than).timestamp())


@lru_cache
def mailer() -> Mailer:
    """The process's mailer, as configured."""
    return Mailer.configured()


def _outbox() -> Path:
    return settings().home / "outbox"


def _write(message: EmailMessage, outbox: Path) -> None:
    name = str(message["Message-ID"]).strip("<>").partition("@")[0]
    if not _SAFE_NAME.fullmatch(name):
        name = hashlib.sha256(str(message["Message-ID"]).encode()).hexdigest()
    with atomic_file(outbox, f"{name}.eml", _PARTIAL) as file:
        file.write(message.as_bytes(policy=WIRE_FORMAT))


def _checked(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ConfigurationError("GROUNDWORK_SMTP_URL: give smtp://user:password@host:587 or smtps://…:465")
    return parts


def _transmit(message: EmailMessage, server: SplitResult) -> None:
    with _explained(server.hostname or ""), _session(server) as smtp:
        refused = smtp.send_message(message)
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)


@contextmanager
def _session(server: SplitResult) -> Iterator[smtplib.SMTP]:
    """A session that is encrypted where the server can, and always before a password is sent."""
    host, port = server.hostname or "", server.port or _DEFAULT_PORTS[server.scheme]
    trust = ssl.create_default_context()
    smtp: smtplib.SMTP
    if server.scheme == "smtps":
        smtp = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=trust)
    else:
        smtp = smtplib.SMTP(host, port, timeout=TIMEOUT)
    try:
        smtp.ehlo_or_helo_if_needed()
        if server.scheme == "smtp" and smtp.has_extn("starttls"):
            smtp.starttls(context=trust)
        elif server.scheme == "smtp" and server.username:
            raise ConfigurationError(
                f"{host} offers no STARTTLS, and a password is not sent in clear. Use smtps://, or a URL without user"
            )
        if server.username:
            smtp.login(unquote(server.username), unquote(server.password or ""))
        yield smtp
        # The message is taken; a server that bungles its goodbye must not make us send it again.
        with suppress(smtplib.SMTPException):
            smtp.quit()
    finally:
        smtp.close()


@contextmanager
def _explained(host: str) -> Iterator[None]:
    """Turns errors of SMTP into ours: refused for good, put off, or set up wrongly."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        replies = "; ".join(f"{who}: {code} {_text(reply)}" for who, (code, reply) in error.recipients.items())
        for_good = all(code >= 500 for code, _ in error.recipients.values())
        raise (RecipientRefused if for_good else MailTemporarilyRefused)(f"{host} refused {replies}") from error
    except smtplib.SMTPResponseException as error:
        cause = {
            smtplib.SMTPAuthenticationError: "the user or password of GROUNDWORK_SMTP_URL",
            smtplib.SMTPSenderRefused: "the sender; see GROUNDWORK_MAIL_FROM",
            smtplib.SMTPDataError: "the message",
        }.get(type(error), "the session")
        kind = MailRefused if error.smtp_code >= 500 else MailTemporarilyRefused
        raise kind(f"{host} refused {cause}: {error.smtp_code} {_text(error.smtp_error)}") from error
    except smtplib.SMTPNotSupportedError as error:
        raise MailRefused(f"{host} cannot take this message: {error}") from error
    except ssl.SSLCertVerificationError as error:
        raise ConfigurationError(
            f"{host}: {error.verify_message}. Correct the host of GROUNDWORK_SMTP_URL, or put the server's certificate "
            "authority into the file that SSL_CERT_FILE names"
        ) from error
    except OSError as error:
        raise MailTemporarilyRefused(f"{host}: {error or type(error).__name__}") from error


def _text(reply: bytes | str) -> str:
    return reply.decode(errors="replace") if isinstance(reply, bytes) else reply
