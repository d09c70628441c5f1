"""Whose fault it is that a mail server refuses: told from when it did, its code, and its words where it must be.

An answer is a code (550), mostly an enhanced code (5.1.1, RFC 3463), and text. The enhanced code counts where there is
one. Where there is none, 550 and 554 may mean anything, and the words decide.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Self

from groundwork.blocks.errors import MailRefused, MailSetupRefused, MailTemporarilyRefused, RecipientRefused
from groundwork.blocks.mail.headers import clean

LONGEST_REPLY = 300
"""Characters of a server's words that are kept."""


class Stage(Enum):
    """When the server said no."""

    SESSION = "the session"
    LOGIN = "the user or password of GROUNDWORK_SMTP_URL"
    SENDER = "the sender; see GROUNDWORK_MAIL_FROM"
    RECIPIENT = "the recipient"
    CONTENT = "the message"


class Fault(Enum):
    """Whom a refusal concerns, the widest first.

    ``SETUP``: everybody's mail, until the operator mends the account, the sender or the server. ``LATER``: nobody, the
    server asks for patience. ``MESSAGE``: this message, whoever gets it. ``RECIPIENT``: this person's address alone.
    """

    SETUP = MailSetupRefused
    LATER = MailTemporarilyRefused
    MESSAGE = MailRefused
    RECIPIENT = RecipientRefused


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer.

    Attributes:
        code: three digits; -1 for an answer without a code.
        text: its words on one line, the enhanced code included.
    """

    code: int
    text: str

    @classmethod
    def of(cls, code: int, words: str) -> Self:
        """The answer, cut to LONGEST_REPLY."""
        return cls(code, clean(words, LONGEST_REPLY))

    @property
    def enhanced(self) -> tuple[int, int] | None:
        """Subject and detail of the enhanced code, (1, 1) for 5.1.1; None where there is none. qmail writes it last,
        as ``(#5.7.1)``."""
        found = _ENHANCED.search(self.text)
        return (int(found[1]), int(found[2])) if found else None

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


def fault(stage: Stage, reply: Reply) -> Fault:
    """Whom an answer concerns."""
    if reply.code < 500:
        return Fault.LATER
    if stage in (Stage.SESSION, Stage.LOGIN) or reply.code in _SETUP_CODES:
        return Fault.SETUP
    enhanced = reply.enhanced
    found = _by_enhanced_code(stage, reply, enhanced) if enhanced else _by_words(stage, reply)
    # Whoever refuses the sender does so before knowing the recipient.
    return Fault.SETUP if stage is Stage.SENDER and found is Fault.RECIPIENT else found


def refusal(stage: Stage, reply: Reply, told: str) -> Exception:
    """The error of an answer that concerns no single recipient.

    Args:
        stage: any but that of recipients.
        reply: the answer.
        told: the error's message.
    """
    found = fault(stage, reply)
    if found is Fault.SETUP:
        return MailSetupRefused(told, for_everybody=stage is not Stage.CONTENT)
    error: Exception = found.value(told)
    return error


_ENHANCED = re.compile(r"(?:^|[\s(#])5\.(\d{1,3})\.(\d{1,3})\b")
_SETUP_CODES = frozenset({500, 502, 503, 504, 530, 534, 535, 538, 555})
"""Commands and sequences that the server does not take, and logins: the same for every mail."""
_SIZE_CODES = frozenset({552, 523})

_BY_SUBJECT = {1: Fault.RECIPIENT, 2: Fault.RECIPIENT, 4: Fault.RECIPIENT, 6: Fault.MESSAGE}
"""Address, mailbox, routing to its domain, content. The others (system, protocol, security and policy): the set-up."""
_BY_CODE = {
    (1, 7): Fault.SETUP,  # the sender's address is malformed
    (1, 8): Fault.SETUP,  # the sender's domain cannot be
    (3, 4): Fault.MESSAGE,  # too big
    (4, 3): Fault.SETUP,  # the server's directory is away
    (4, 5): Fault.SETUP,  # more mail than the account may send
    (6, 7): Fault.RECIPIENT,  # an address in UTF-8, which the server cannot take
    (7, 2): Fault.RECIPIENT,  # a mailing list that takes mail from its members only
    (7, 13): Fault.RECIPIENT,  # the account is disabled
    (7, 17): Fault.RECIPIENT,  # the mailbox has another owner now
    (7, 18): Fault.RECIPIENT,  # the domain has another owner now
}

_ADDRESSES = re.compile(r"\S*@\S*")
_SENDER_WORDS = re.compile(
    r"sender|\bhelo\b|\behlo\b|client (?:host|ip)|your (?:ip|host|domain|network)", re.IGNORECASE
)
_SETUP_WORDS = re.compile(
    r"relay|authenti|authori[sz]|log ?in|credential|spf|dkim|dmarc|reverse|\bptr\b|(?:black|block|deny).?list|\brbl\b|"
    r"dnsbl|spamhaus|reputation|banned|blocked|polic(?:y|ies)|prohibit|permi|too many|starttls|\btls\b|encrypt|denied",
    re.IGNORECASE,
)
_SIZE_WORDS = re.compile(r"too (?:big|large|long)|\bsize\b", re.IGNORECASE)
_CONTENT_WORDS = re.compile(r"spam\b|virus|malware|phish|content|attachment", re.IGNORECASE)
_RECIPIENT_WORDS = re.compile(
    r"no such|unknown|n[o']t exist|n[o']t have|not found|invalid (?:recipient|mailbox|address)|unrout|no mailbox|"
    r"(?:mailbox|account|user)\b.*\b(?:full|disabled|unavailable|inactive)|quota|no longer",
    re.IGNORECASE,
)


def _by_enhanced_code(stage: Stage, reply: Reply, enhanced: tuple[int, int]) -> Fault:
    subject, _ = enhanced
    if subject == 0 or enhanced == (5, 0):  # "other": says no more than the code
        return _by_words(stage, reply)
    if stage is Stage.CONTENT and subject == 7 and enhanced not in _BY_CODE:
        # A filter's answer to what is in the mail has the code of a server's answer to a sender that it does not trust.
        of_content = reply.code in _SIZE_CODES or _CONTENT_WORDS.search(reply.text)
        return Fault.MESSAGE if of_content else Fault.SETUP
    return _BY_CODE.get(enhanced) or _BY_SUBJECT.get(subject, Fault.SETUP)


def _by_words(stage: Stage, reply: Reply) -> Fault:
    words = _ADDRESSES.sub("", reply.text)
    if stage is Stage.SENDER:
        return Fault.MESSAGE if reply.code in _SIZE_CODES or _SIZE_WORDS.search(words) else Fault.SETUP
    if stage is Stage.CONTENT and (
        reply.code in _SIZE_CODES or _SIZE_WORDS.search(words) or _CONTENT_WORDS.search(words)
    ):
        return Fault.MESSAGE
    if _SENDER_WORDS.search(words):
        return Fault.SETUP
    if _RECIPIENT_WORDS.search(words):
        return Fault.RECIPIENT
    if _SETUP_WORDS.search(words):
        return Fault.SETUP
    if stage is Stage.CONTENT:
        return Fault.MESSAGE
    return Fault.SETUP if reply.code == 554 else Fault.RECIPIENT
