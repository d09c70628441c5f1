"""A notification as a mail message, the same message however often it is made."""

import hashlib
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime
from uuid import UUID

from blocks.errors import MailRefused
from blocks.settings import settings
from notifications.rendering import Rendered


def message_id(delivery_id: UUID, template: str, recipient: str) -> str:
    """The Message-ID of a delivery's notification to a recipient: the same at every try, so that mail servers and the
    outbox know a repeat for what it is."""
    digest = hashlib.sha256("\n".join((str(delivery_id), template, recipient)).encode()).hexdigest()
    return f"<{digest}@groundwork>"


def compose(rendered: Rendered, *, recipient: str, name: str, message_id: str) -> EmailMessage:
    """A message ready for the mailer, plain text first and HTML as the alternative.

    Args:
        rendered: the words.
        recipient: e-mail address.
        name: the recipient's name, or empty.
        message_id: as :func:`message_id` gives it.

    Raises:
        MailRefused: the address is not one.
    """
    try:
        address = Address(" ".join(name.split()), addr_spec=recipient)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise MailRefused(f"{recipient!r} is not an e-mail address; correct it in the user's profile") from error
    message = EmailMessage()
    message["From"] = settings().mail_from
    message["To"] = address
    message["Subject"] = rendered.subject
    message["Message-ID"] = message_id
    message["Date"] = localtime()
    # RFC 3834: nobody's holiday notice shall answer this.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(rendered.text)
    message.add_alternative(rendered.html, subtype="html")
    return message
