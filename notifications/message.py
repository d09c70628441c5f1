"""A notification as a mail message, the same message however often it is made."""

import hashlib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime
from uuid import UUID

from groundwork.blocks.errors import ConfigurationError, RecipientRefused
from groundwork.blocks.mail.addresses import mail_address, mailbox
from groundwork.blocks.mail.headers import address_header, text_header, token_header
from groundwork.blocks.settings import settings
from groundwork.notifications.rendering import Rendered


def message_id(delivery_id: UUID, template: str, recipient: str, user_id: str = "") -> str:
    """The Message-ID of a delivery's notification to a recipient: the same at every try, so that mail servers and the
    outbox know a repeat for what it is.

    Args:
        delivery_id, template: what it tells of, and by which words.
        recipient: e-mail address.
        user_id: whose address it is: two users of one address get a mail each.
    """
    parts = [str(delivery_id), template, recipient, *([user_id] if user_id else [])]
    digest = hashlib.sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()
    return f"<{digest}@{settings().mail_domain}>"


def compose(
    rendered: Rendered, *, recipient: str, name: str, message_id: str, unsubscribe_url: str | None = None
) -> EmailMessage:
    """A message ready for the mailer: plain text first, HTML with its pictures as the alternative.

    Args:
        rendered: the words and pictures.
        recipient: e-mail address.
        name: the recipient's name, or empty. It and the subject may hold anything: they are cleaned.
        message_id: as :func:`message_id` gives it.
        unsubscribe_url: where a POST turns such mails off (RFC 8058); None where they cannot be.

    Raises:
        RecipientRefused: the address is not one.
        ConfigurationError: GROUNDWORK_MAIL_FROM is not one.
    """
    try:
        address = mail_address(recipient)
    except ValueError as error:
        raise RecipientRefused(f"{error}; correct it in the user's profile") from None
    message = EmailMessage(policy=SMTP)
    message["From"] = address_header("From", *_sender())
    message["To"] = address_header("To", name, address)
    message["Subject"] = text_header("Subject", rendered.subject)
    message["Message-ID"] = token_header("Message-ID", message_id)
    message["Date"] = localtime()
    # RFC 3834: nobody's holiday notice shall answer this.
    message["Auto-Submitted"] = "auto-generated"
    if unsubscribe_url:
        message["List-Unsubscribe"] = token_header("List-Unsubscribe", f"<{unsubscribe_url}>")
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(_encodable(rendered.text))
    _add_html(message, rendered)
    return message


def _sender() -> tuple[str, str]:
    try:
        return mailbox(settings().mail_from)
    except ValueError as error:
        raise ConfigurationError(f"GROUNDWORK_MAIL_FROM: {error}; give Name <address>, or an address") from None


def _encodable(text: str) -> str:
    """Text without halves of surrogate pairs, which names of files may have and UTF-8 cannot."""
    return text.encode(errors="replace").decode()


def _add_html(message: EmailMessage, rendered: Rendered) -> None:
    message.add_alternative(_encodable(rendered.html), subtype="html")
    html = message.get_body(("html",))
    assert html is not None, "it was added on the line before"
    for number, image in enumerate(rendered.images, 1):
        html.add_related(
            image.png,
            maintype="image",
            subtype="png",
            cid=f"<{image.content_id}>",
            disposition="inline",
            filename=f"image-{number}.png",
        )
