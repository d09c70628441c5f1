"""The mails of a demo, found where mails are written to."""

from collections.abc import Mapping
from email import message_from_bytes, policy
from pathlib import Path

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.mailer import mailer
from groundwork.blocks.settings import settings


def refuse_mail_server(what: str) -> None:
    """Refuse to invent people where mails to them would go to a mail server.

    Args:
        what: would invent them, such as ``a demo``.

    Raises:
        ConfigurationError: mails go to one.
    """
    if mailer().smtp_url or settings().smtp_url:
        raise ConfigurationError(
            f"GROUNDWORK_SMTP_URL: mails go to a mail server here, and {what} would have it sent those to invented "
            "people. Use a home without one: unset it, and say --home demo-home"
        )


class Outbox:
    """Looks for mails to one address that are written from now on.

    Args:
        address: of somebody whom no other demo has invented.

    Raises:
        ConfigurationError: mails go to a mail server: those to invented people would, too.
    """

    def __init__(self, address: str) -> None:
        refuse_mail_server("a demo")
        self._address = address
        self._folder = settings().home / "outbox"
        self._seen = set(self._folder.glob("*.eml"))
        self._mails: dict[Path, str] = {}

    def mails(self) -> Mapping[Path, str]:
        """The files, each with its subject."""
        for file in set(self._folder.glob("*.eml")) - self._seen:
            self._seen.add(file)
            message = message_from_bytes(file.read_bytes(), policy=policy.default)
            if self._address in str(message["To"]):
                self._mails[file] = str(message["Subject"])
        return self._mails

    def find(self, subject: str) -> Path | None:
        """The file of a mail whose subject begins like this; None as long as there is none."""
        return next((file for file, found in self.mails().items() if found.startswith(subject)), None)
