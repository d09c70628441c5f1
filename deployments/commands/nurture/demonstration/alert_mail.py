"""The mail that tells the agent of a hot lead, found where mails are written to."""

from email import message_from_bytes, policy
from pathlib import Path

from groundwork.blocks.errors import ConfigurationError
from groundwork.blocks.mailer import mailer
from groundwork.blocks.settings import settings


class AlertMail:
    """Looks for the alert to one address.

    Args:
        address: of the agent.

    Raises:
        ConfigurationError: mails go to a mail server: those to invented contacts would, too.
    """

    def __init__(self, address: str) -> None:
        if mailer().smtp_url or settings().smtp_url:
            raise ConfigurationError(
                "GROUNDWORK_SMTP_URL: mails go to a mail server here, and a demo would send it those to invented "
                "contacts. Show the demo on a home without one: unset it, and say --home demo-home"
            )
        self._address = address
        self._outbox = settings().home / "outbox"
        self._seen = set(self._outbox.glob("*.eml"))
        self._found: Path | None = None

    def find(self) -> Path | None:
        """The file of the alert; None as long as there is none."""
        new = set() if self._found else set(self._outbox.glob("*.eml")) - self._seen
        for file in new:
            self._seen.add(file)
            message = message_from_bytes(file.read_bytes(), policy=policy.default)
            if self._address in str(message["To"]) and str(message["Subject"]).startswith("Hot lead"):
                self._found = file
        return self._found
