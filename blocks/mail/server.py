"""The mail server of ``GROUNDWORK_SMTP_URL``, and a session with it."""

import base64
import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from groundwork.blocks.errors import ConfigurationError

_DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
_CURE = (
    "GROUNDWORK_SMTP_URL: give smtp://user:password@host:587 or smtps://…:465, and write characters such as "
    "# / ? @ : [ % of the password percent-encoded (%23 %2F %3F %40 %3A %5B %25)"
)
REACH_SECONDS = 30.0
"""Seconds until a host takes the connection. RFC 5321 leaves it open, and no copy of a mail can come of it."""
_TELLING = 4
"""Characters of the password in a row that nobody may read."""
_REPEATED = "(its words are left out: they repeat a part of the password)"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes, and as whom.

    Attributes:
        tls: whether TLS is spoken from the start.
        user: None: without login.
        password: never in a repr, and taken out of the server's words by :meth:`discreet`.
    """

    host: str
    port: int
    tls: bool
    user: str | None
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> Self:
        """The server that a URL names.

        Raises:
            ConfigurationError: the URL is malformed. The error does not quote it, as it holds the password.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
            user = unquote(parts.username, errors="strict") if parts.username else None
            password = unquote(parts.password or "", errors="strict")
        except ValueError:
            raise ConfigurationError(_CURE) from None
        rest = parts.path.strip("/") or parts.query or parts.fragment
        if parts.scheme not in _DEFAULT_PORTS or not host or rest:
            raise ConfigurationError(_CURE)
        if not f"{user}{password}".isascii():
            raise ConfigurationError(
                "GROUNDWORK_SMTP_URL: the user and the password must be ASCII, as servers agree on nothing else. Set "
                "another password"
            )
        return cls(host, port or _DEFAULT_PORTS[parts.scheme], parts.scheme == "smtps", user, password)

    def discreet(self, words: bytes | str) -> str:
        """The server's words; a few of ours, should they repeat a part of the password."""
        text = words.decode(errors="replace") if isinstance(words, bytes) else words
        return _REPEATED if any(part in text for part in self._parts_of_password()) else text

    def _parts_of_password(self) -> Iterator[str]:
        forms = (self.password, f"\0{self.user}\0{self.password}")
        for secret in (self.password, *(base64.b64encode(each.encode()).decode() for each in forms)):
            for begin in range(max(1, len(secret) - _TELLING + 1) if self.password else 0):
                yield secret[begin : begin + _TELLING]

    def connect(self, timeout: float, hello: str | None = None) -> smtplib.SMTP:
        """A session that is encrypted where the server can, and always before a password is sent.

        Args:
            timeout: seconds that the server may stay silent.
            hello: the name that EHLO says; None for this machine's own.

        Raises:
            OSError: the server refused, offers no encryption for the password, or the connection broke; mostly an
                smtplib.SMTPException.
        """
        trust = ssl.create_default_context()
        smtp: smtplib.SMTP
        if self.tls:
            smtp = _ReachedTls(self.host, self.port, hello, timeout=timeout, context=trust)
        else:
            smtp = _Reached(self.host, self.port, hello, timeout=timeout)
        try:
            smtp.ehlo_or_helo_if_needed()
            if not self.tls and smtp.has_extn("starttls"):
                smtp.starttls(context=trust)
                smtp.ehlo_or_helo_if_needed()
            elif not self.tls and self.user:
                raise smtplib.SMTPNotSupportedError(
                    "it offers no STARTTLS, and a password is not sent in clear. Use smtps://, or a URL without user"
                )
            if self.user:
                smtp.login(self.user, self.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


class _Reached(smtplib.SMTP):
    """Waits for the host less long than for its words: one that is off answers nothing, and a name may have several."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        reached = socket.create_connection((host, port), min(REACH_SECONDS, timeout))
        reached.settimeout(timeout)
        return reached


class _ReachedTls(smtplib.SMTP_SSL, _Reached):
    """Likewise, with TLS from the start."""
