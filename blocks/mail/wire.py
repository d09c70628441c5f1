"""A message as bytes, proved to be the message that was meant."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import message_from_string
from email.message import EmailMessage, Message
from email.policy import SMTP, SMTPUTF8, compat32
from email.utils import getaddresses
from typing import Any

from groundwork.blocks.errors import MailRefused, RecipientRefused
from groundwork.blocks.mail.addresses import mail_address

_LONGEST_LINE = 998
_MAILBOXES = ("From", "Sender", "Reply-To", "To", "Cc", "Bcc")
_UNSEEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Characters that no header has, tab excepted."""


@dataclass(frozen=True, slots=True)
class Wire:
    """What a server is given.

    Attributes:
        data: the message, without Bcc.
        sender: address of the envelope.
        recipients: addresses of the envelope.
        needs_utf8: whether an address is not ASCII, so that the server must offer SMTPUTF8.
    """

    data: bytes
    sender: str
    recipients: Sequence[str]
    needs_utf8: bool


def wire(message: EmailMessage) -> Wire:
    """Write a message, and read it again: headers that are not the same are not sent.

    Whoever makes a message with the email package alone may have a person's name turned into headers by it; see
    :mod:`groundwork.blocks.mail.headers` for fields that are safe on their own.

    Raises:
        RecipientRefused: a recipient's address is not a mail address.
        MailRefused: the headers do not come back as they went in, or there is no sender.
    """
    try:
        return _proved(message)
    except ValueError as error:  # newer Pythons refuse some of what older ones write
        raise _changed(str(error)) from None


def _proved(message: EmailMessage) -> Wire:
    senders = _addresses(message, "Sender") or _addresses(message, "From")
    recipients = [each for field in ("To", "Cc", "Bcc") for each in _addresses(message, field)]
    try:
        envelope = [mail_address(each) for each in recipients]
    except ValueError as error:
        raise RecipientRefused(f"{error}; correct it in the user's profile") from None
    if not senders or not envelope:
        raise MailRefused("the message has no address in From or in To; give one to each")
    needs_utf8 = not "".join([*senders, *recipients]).isascii()
    data = message.as_bytes(policy=SMTPUTF8 if needs_utf8 else SMTP)
    _prove(message, data)
    return Wire(_without_bcc(data) if message["Bcc"] else data, senders[0], envelope, needs_utf8)


def _prove(message: EmailMessage, data: bytes) -> None:
    head = data.partition(b"\r\n\r\n")[0]
    for line in head.split(b"\r\n"):
        if len(line) > _LONGEST_LINE or _UNSEEN.search(line.decode(errors="surrogateescape")):
            raise _changed("a line of them is too long or has control characters")
    # As a string: from bytes the email package would read addresses in UTF-8 by guessing.
    text = data.decode(errors="surrogateescape")
    plain = message_from_string(text, policy=compat32)
    for meant, read in _pairs(message, plain):
        if _names(meant) != _names(read):
            raise _changed(f"{_names(meant)} became {_names(read)}")
        if (meant.get_content_type(), meant.get_filename()) != (read.get_content_type(), read.get_filename()):
            raise _changed("the type or the file name of a part is another one")
    again = message_from_string(text.partition("\r\n\r\n")[0] + "\r\n\r\n", policy=message.policy)
    for field in _MAILBOXES:
        if not _addresses(message, field) == _addresses(plain, field) == _addresses(again, field):
            raise _changed(f"{field} has other addresses")


def _pairs(meant: Message, read: Message) -> Iterator[tuple[Message, Message]]:
    before, after = list(meant.walk()), list(read.walk())
    if len(before) != len(after):
        raise _changed(f"{len(before)} parts became {len(after)}")
    yield from zip(before, after, strict=True)


def _names(part: Message) -> list[str]:
    return [name.lower() for name in part.keys()]  # noqa: SIM118 -- iterating over a message is not iterating over its keys


def _addresses(message: Message, field: str) -> list[str]:
    found: list[Any] = message.get_all(field, [])
    if all(hasattr(each, "addresses") for each in found):
        return [address.addr_spec for each in found for address in each.addresses]
    return [address for _, address in getaddresses([str(each).replace("\r\n", "") for each in found])]


def _without_bcc(data: bytes) -> bytes:
    head, empty, body = data.partition(b"\r\n\r\n")
    return re.sub(rb"(?im)^bcc:.*(?:\r\n[ \t].*)*(?:\r\n|\Z)", b"", head).removesuffix(b"\r\n") + empty + body


def _changed(how: str) -> MailRefused:
    return MailRefused(
        f"the headers would not be read as they were meant: {how[:300]}. Make those that hold people's words with "
        "groundwork.blocks.mail.headers"
    )
