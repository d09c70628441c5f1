"""Where mail goes in a test: a real SMTP server in this process, or the outbox of the home."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import insert

from groundwork.blocks.database import Database
from groundwork.blocks.process_cache import forget
from groundwork.blocks.schema import app_user
from groundwork.events.identifiers import UserId
from groundwork.notifications.recipient import set_wanted
from tests.integration.blocks.mail_server import Postmaster, serving

_VARIABLE = "GROUNDWORK_SMTP_URL"


@contextmanager
def by_smtp() -> Iterator[Postmaster]:
    """A server that takes all mail of this process."""
    postmaster = Postmaster()
    with serving(postmaster) as port:
        os.environ[_VARIABLE] = f"smtp://127.0.0.1:{port}"
        forget()
        try:
            yield postmaster
        finally:
            del os.environ[_VARIABLE]
            forget()


def empty_outbox(home: Path) -> Path:
    """The folder to which this process's mail goes, with nothing in it."""
    forget()
    folder = home / "outbox"
    for mail in folder.glob("*.eml"):
        mail.unlink()
    return folder


def mails(outbox: Path) -> list[EmailMessage]:
    """The messages of an outbox."""
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in outbox.glob("*.eml")]


def add_user(db: Database, user_id: str, *, off: Sequence[str] = (), **columns: object) -> None:
    """Store a user of the workspace acme, who has turned some kinds of mail off."""
    row = {"id": user_id, "workspace_id": "acme", "email": f"{user_id}@example.com", "name": user_id.title()}
    with db.transaction() as connection:
        connection.execute(insert(app_user).values(**row | columns))
        for kind in off:
            set_wanted(connection, UserId(user_id), kind, False)
