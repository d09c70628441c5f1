"""A notification as a mail message, the same message however often it is made."""

import base64
import hashlib
from collections.abc import Iterable
from email.message import EmailMessage, MIMEPart
from email.utils import localtime
from uuid import UUID

from groundwork.blocks.errors import ConfigurationError, RecipientRefused
from groundwork.blocks.mail.addresses import mail_address, mailbox
from groundwork.blocks.mail.headers import POLICY, address_header, text_header, token_header
from groundwork.blocks.settings import settings
from groundwork.notifications.image import InlineImage
from groundwork.notifications.rendering import Rendered

_BOUNDARY = "=_groundwork_"
"""Between parts: it has what neither quoted-printable nor base64 writes (RFC 2045, 6.7). It is the same in all mails,
as the email package compiles a pattern of each."""


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
    message = EmailMessage(policy=POLICY)
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
    message["MIME-Version"] = "1.0"
    html = _text(rendered.html, "html")
    if rendered.images:
        pictures = [_picture(each, number) for number, each in enumerate(rendered.images, 1)]
        words, html = html, MIMEPart(policy=POLICY)
        _make_multipart(html, "related", [words, *pictures])
    _make_multipart(message, "alternative", [_text(rendered.text, "plain"), html])
    return message


def _sender() -> tuple[str, str]:
    try:
        return mailbox(settings().mail_from)
    except ValueError as error:
        raise ConfigurationError(f"GROUNDWORK_MAIL_FROM: {error}; give Name <address>, or an address") from None


def _text(words: str, subtype: str) -> MIMEPart:
    """Words, encoded whatever they are: no line of theirs is a boundary then."""
    # Halves of surrogate pairs, which names of files may have, UTF-8 cannot.
    data = words.encode(errors="replace")
    is_mostly_ascii = len(data) < 1.2 * len(words)
    part = MIMEPart(policy=POLICY)
    part.set_content(data.decode(), subtype=subtype, cte="quoted-printable" if is_mostly_ascii else "base64")
    return part


def _picture(image: InlineImage, number: int) -> MIMEPart:
    part = MIMEPart(policy=POLICY)
    part["Content-Type"] = "image/png"
    part["Content-Transfer-Encoding"] = "base64"
    part["Content-Disposition"] = f'inline; filename="image-{number}.png"'
    part["Content-ID"] = token_header("Content-ID", f"<{image.content_id}>")
    part.set_payload(base64.encodebytes(image.png).decode("ascii"))
    return part


def _make_multipart(part: MIMEPart, kind: str, parts: Iterable[MIMEPart]) -> None:
    part["Content-Type"] = f'multipart/{kind}; boundary="{_BOUNDARY}{kind}"'
    for each in parts:
        part.attach(each)
