"""A real SMTP server in this process, that refuses what a test asks it to refuse."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Postmaster:
    """Takes mail, unless told otherwise.

    Attributes:
        received: messages taken, in order.
        raw: their bytes.
        envelopes: from whom and to whom each of them went.
        refusals: reply for a recipient.
        put_off: how often a recipient is answered "try later" before being taken.
        answer_to_sender: reply to MAIL FROM, instead of taking it.
        answer_to_data: reply after DATA; None drops the connection, the message taken.
        drops: how many connections are dropped after DATA, their messages taken, before answers are given.
        hangs: never answers DATA, the message not taken.
        waiting: how many clients wait for such an answer, or have waited.
        encrypted: whether each message came over TLS.
        logins: user and password as sent.
        sessions: connections that said hello.
        closers: what closes the connection of each message taken.
        mails_per_session: after as many a session is ended with 421; 0 for any number.
        most_sessions: a session beyond is ended with 421; 0 for any number.
    """

    received: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    put_off: dict[str, int] = field(default_factory=dict)
    answer_to_sender: str | None = None
    answer_to_data: str | None = "250 OK"
    drops: int = 0
    hangs: bool = False
    waiting: int = 0
    encrypted: list[bool] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    closers: list[Callable[[], object]] = field(default_factory=list)
    mails_per_session: int = 0
    most_sessions: int = 0

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> Any:
        session.host_name = hostname
        if not getattr(session, "ssl", None):
            self.sessions.append(hostname)
            session.number = len(self.sessions)
        return responses

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        session.mails = getattr(session, "mails", 0) + 1
        if self.most_sessions and session.number > self.most_sessions:
            return "421 4.7.0 Too many connections"
        if self.mails_per_session and session.mails > self.mails_per_session:
            return "421 4.7.0 Too many messages in this session"
        if self.answer_to_sender:
            return self.answer_to_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.put_off.get(address, 0):
            self.put_off[address] -= 1
            return "450 4.2.0 Greylisted, see you later"
        if address not in self.refusals:
            envelope.rcpt_tos.append(address)
        return self.refusals.get(address, "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.hangs:
            self.waiting += 1
            await asyncio.Event().wait()
        answer = None if self.drops else self.answer_to_data
        self.drops = max(0, self.drops - 1)
        if answer is None or answer.startswith("2"):
            self.received.append(message_from_bytes(envelope.content, policy=policy.default))
            self.raw.append(envelope.content)
            loop = asyncio.get_running_loop()
            self.closers.append(partial(loop.call_soon_threadsafe, server.transport.abort))
            self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
            self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        if answer is None:
            server.transport.abort()
        return answer or "250 OK"

    @property
    def recipients(self) -> list[str]:
        """To whom the messages went, in order."""
        return [message["To"].addresses[0].addr_spec for message in self.received]

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"right/word", handled=False)


@contextmanager
def serving(
    postmaster: Postmaster, certificate: Path | None = None, *, tls_from_the_start: bool = False, port: int = 0
) -> Iterator[int]:
    """The postmaster's server on a port, by default a free one; with a certificate it offers STARTTLS, or speaks TLS
    from the start, and offers AUTH under it."""
    options: dict[str, Any] = {}
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        options = {"authenticator": postmaster.authenticate}
        # To aiosmtpd, TLS is what STARTTLS began.
        options |= (
            {"ssl_context": context, "auth_require_tls": False} if tls_from_the_start else {"tls_context": context}
        )
    controller = _AnyPort(postmaster, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


class _AnyPort(Controller):
    def _trigger_server(self) -> None:
        """The first connection, which goes to the port asked for: here to the one that was free."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def self_signed_certificate(path: Path) -> Path:
    """Writes a certificate of 127.0.0.1, with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path
