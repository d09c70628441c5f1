"""A notification as a mail message, the same message however often it is made."""

import hashlib
from email.errors import HeaderParseError
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import localtime
from uuid import UUID

from blocks.errors import RecipientRefused
from blocks.settings import settings
from notifications.rendering import Rendered


def message_id(delivery_id: UUID, template: str, recipient: str) -> str:
    """The Message-ID of a delivery's notification to a recipient: the same at every try, so that mail servers and the
    outbox know a repeat for what it is."""
    digest = hashlib.sha256("\n".join((str(delivery_id), template, recipient)).encode()).hexdigest()
    return f"<{digest}@groundwork>"


def compose(
    rendered: Rendered, *, recipient: str, name: str, message_id: str, unsubscribe_url: str | None = None
) -> EmailMessage:
    """A message ready for the mailer: plain text first, HTML with its pictures as the alternative.

    Args:
        rendered: the words and pictures.
        recipient: e-mail address.
        name: the recipient's name, or empty.
        message_id: as :func:`message_id` gives it.
        unsubscribe_url: where a POST turns such mails off (RFC 8058); None where they cannot be.

    Raises:
        RecipientRefused: the address is not one.
    """
    try:
        address = Address(" ".join(name.split()), addr_spec=recipient)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise RecipientRefused(f"{recipient!r} is not an e-mail address; correct it in the user's profile") from error
    message = EmailMessage(policy=_policy())
    message["From"] = settings().mail_from
    message["To"] = address
    message["Subject"] = rendered.subject
    message["Message-ID"] = message_id
    message["Date"] = localtime()
    # RFC 3834: nobody's holiday notice shall answer this.
    message["Auto-Submitted"] = "auto-generated"
    if unsubscribe_url:
        message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(rendered.text)
    _add_html(message, rendered)
    return message


def _add_html(message: EmailMessage, rendered: Rendered) -> None:
    message.add_alternative(rendered.html, subtype="html")
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


class _UnfoldedHeader(UnstructuredHeader, BaseHeader):
    """A header on one line: the email package would fold a long URL into encoded words, which no mail program takes
    for a URL."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def _policy() -> Policy:
    registry = HeaderRegistry()
    registry.map_to_type("list-unsubscribe", _UnfoldedHeader)
    return SMTP.clone(header_factory=registry)
