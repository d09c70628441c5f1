"""The Mailer block: SMTP by URL; ``.eml`` files in a folder by default."""

import hashlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field, SecretStr

from groundwork.blocks.atomic_file import atomic_file, forget_unfinished
from groundwork.blocks.configured import ConfiguredBlock
from groundwork.blocks.errors import MailSetupRefused, MailTemporarilyRefused, RecipientPutOff
from groundwork.blocks.mail.headers import clean
from groundwork.blocks.mail.pool import MailPool, ServerAway
from groundwork.blocks.mail.refusals import LONGEST_REPLY, Fault, Reply, Stage, fault, refusal
from groundwork.blocks.mail.server import MailServer
from groundwork.blocks.mail.wire import Wire, wire
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.settings import settings

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
    document: ClassVar[str] = "mail"

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
            RecipientRefused: the fault is this recipient's, who is named; trying again cannot help.
            MailRefused: the fault is this message's, such as its size.
            MailSetupRefused: the fault is the installation's, such as the password, the sender or the right to relay:
                it concerns everybody's mail, and nothing was sent.
            MailTemporarilyRefused: 4xx, or the connection broke. If it broke after the content was sent, the
                server may have taken the message, so that the next try delivers it again, with the same Message-ID.
            ConfigurationError: the URL is malformed.
        """
        for header in ("From", "To", "Message-ID"):
            if not message[header]:
                raise ValueError(f"the message has no {header}; set it before sending")
        proved = wire(message)
        url = self.smtp_url or settings().smtp_url
        if url is None:
            _write(str(message["Message-ID"]), proved, _outbox())
        else:
            pool = _pool(url.get_secret_value())
            with _explained(pool.server):
                pool.send(proved)

    def forget_unfinished(self, older_than: timedelta) -> int:
        """Delete unfinished files of the outbox that killed processes left behind.

        Args:
            older_than: longer than any write takes; younger ones may still be written.

        Returns:
            How many there were.
        """
        return forget_unfinished(_outbox() / _PARTIAL, (datetime.now(UTC) - older_than).timestamp())


@process_cache
def mailer() -> Mailer:
    """The process's mailer, as configured."""
    return Mailer.configured()


def _outbox() -> Path:
    return settings().home / "outbox"


def _write(message_id: str, proved: Wire, outbox: Path) -> None:
    name = message_id.strip("<>").partition("@")[0]
    if not _SAFE_NAME.fullmatch(name):
        name = hashlib.sha256(message_id.encode(errors="replace")).hexdigest()
    with atomic_file(outbox, f"{name}.eml", _PARTIAL) as file:
        file.write(proved.data)


@process_cache
def _pool(url: str) -> MailPool:
    known = settings()
    return MailPool(MailServer.of(url), known.mail_hello, known.mails_per_connection, known.mails_per_minute)


@contextmanager
def _explained(server: MailServer) -> Iterator[None]:
    """Turns errors of SMTP into ours, by whom they concern."""
    try:
        yield
    except ServerAway as away:
        try:
            with _explained(server):
                raise away.__cause__ or away
        except MailTemporarilyRefused as error:
            error.for_everybody = True
            raise
    except smtplib.SMTPRecipientsRefused as error:
        replies = {who: Reply.of(code, server.discreet(said)) for who, (code, said) in error.recipients.items()}
        faults = {fault(Stage.RECIPIENT, reply) for reply in replies.values()}
        widest = next(each for each in Fault if each in faults)
        told = "; ".join(f"{who}: {reply}" for who, reply in replies.items())
        kind = RecipientPutOff if widest is Fault.LATER else widest.value
        raise kind(f"{server.host} refused {told}") from None
    except smtplib.SMTPResponseException as refused:
        stage = _STAGES.get(type(refused), Stage.SESSION)
        reply = Reply.of(refused.smtp_code, server.discreet(refused.smtp_error))
        explained = refusal(stage, reply, f"{server.host} refused {stage.value}: {reply}")
        if isinstance(explained, MailTemporarilyRefused) and refused.smtp_code == 421:
            explained.for_everybody = True  # the server ends the session, whoever the mail is for
        raise explained from None
    except smtplib.SMTPNotSupportedError as error:
        raise MailSetupRefused(f"{server.host} cannot do what is needed: {error}", for_everybody=True) from error
    except ssl.SSLCertVerificationError as error:
        raise MailSetupRefused(
            f"{server.host}: {error.verify_message}. Correct the host of GROUNDWORK_SMTP_URL, or put the server's "
            "certificate authority into the file that SSL_CERT_FILE names",
            for_everybody=True,
        ) from error
    except OSError as error:
        told = clean(server.discreet(str(error) or type(error).__name__), LONGEST_REPLY)
        # The plain class: no way to log in that both know.
        if type(error) is smtplib.SMTPException:
            raise MailSetupRefused(f"{server.host}: {told}", for_everybody=True) from None
        raise MailTemporarilyRefused(f"{server.host}: {told}") from None


_STAGES = {
    smtplib.SMTPAuthenticationError: Stage.LOGIN,
    smtplib.SMTPSenderRefused: Stage.SENDER,
    smtplib.SMTPDataError: Stage.CONTENT,
}
