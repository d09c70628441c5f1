"""Header fields that are written here, character by character.

The email package writes a field by parsing it first, and which words it decodes on the way depends on the version of
Python: 3.11.7 decodes ``=?utf-8?q?=0D=0A?=`` in a person's name and writes the line end that comes out. A field made
here is plain ASCII in its final form, and no version of Python looks into it again before it is sent.
"""

import base64
import re
import unicodedata
from email.headerregistry import BaseHeader, HeaderRegistry, UniqueAddressHeader, UnstructuredHeader
from email.policy import SMTP, Policy
from typing import Any

LONGEST_NAME = 128
"""Characters of a display name. Longer ones are cut: mail programs show some 40."""
LONGEST_TEXT = 250
"""Characters of a subject. Longer ones are cut."""
LINE = 76
"""Characters of a line, which RFC 2047 sets for lines with encoded words. Servers refold longer ones as they please."""
LONGEST_LINE = 990
"""Bytes of a line that cannot be folded. SMTP allows 998, field name included."""


class _KnownClasses(HeaderRegistry):
    """Makes one class for each name of a field. The email package's makes one for each field of each message, which is
    a third of the work of composing it."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        found = self._known.get(name)
        if found is None:
            found = super().__getitem__(name)
            if len(self._known) < _MOST_CLASSES:
                self._known[name] = found
        return found


_MOST_CLASSES = 100
"""Names of fields that are remembered; a message may have any."""
POLICY = SMTP.clone(header_factory=_KnownClasses())
"""Of messages that are made here: the email package's SMTP, in less time."""

_SPACES = re.compile(r"\s+")
_ENCODED_WORD = "=?"
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_ASCII = re.compile(r"[ -~]*")


def clean(text: str, longest: int) -> str:
    """Text as one line that shows all that is in it.

    Control characters and line ends of every kind become spaces, runs of spaces become one. Characters that are not
    seen or that turn the writing around (zero width, bidirectional overrides) go, and so do halves of surrogate pairs.
    Words that look encoded stay as they are written.

    Args:
        text: anything.
        longest: characters; a longer text is cut and ends with ``…``.
    """
    # A bound before the work: whoever chooses the text chooses its length.
    shown = "".join(map(_shown, text[: 4 * longest]))
    line = _SPACES.sub(" ", shown).strip()
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _shown(character: str) -> str:
    if " " <= character <= "~":
        return character
    category = unicodedata.category(character)
    if category in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    return "" if category in ("Cf", "Cs") else character


def address_header(field: str, name: str, address: str) -> BaseHeader:
    """A field with one mailbox, such as To.

    Args:
        field: its name.
        name: of the person, as they wrote it; it is cleaned. Empty: the address stands alone.
        address: as :func:`groundwork.blocks.mail.addresses.mail_address` gives it.
    """
    name = clean(name, LONGEST_NAME)
    words = [*_phrase(field, name), f"<{address}>"] if name else [address]
    return _AddressField(field, _lines(field, words))


def text_header(field: str, text: str) -> BaseHeader:
    """A field with text for people, such as Subject; the text is cleaned."""
    text = clean(text, LONGEST_TEXT)
    return _TextField(field, _lines(field, text.split(" ") if _is_plain(text) else _encoded(field, text)))


def token_header(field: str, token: str) -> BaseHeader:
    """A field for programs, such as List-Unsubscribe: on one line, as folding would break what it holds.

    Raises:
        ValueError: the token has other characters than printable ASCII, or is too long for a line.
    """
    if not _ASCII.fullmatch(token) or len(token) > LONGEST_LINE - len(field) or _ENCODED_WORD in token:
        raise ValueError(f"{field}: {token[:80]!r} cannot be a header; give printable ASCII of one line")
    return _TextField(field, token)


def _phrase(field: str, name: str) -> list[str]:
    """A display name in words that a line may end after."""
    if not _is_plain(name):
        return _encoded(field, name)
    if _ATOMS.fullmatch(name):
        return name.split(" ")
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    # In one piece: some programs do not unfold what is in quotes.
    return [f'"{quoted}"'] if len(quoted) < LINE - 2 else _encoded(field, name)


def _is_plain(text: str) -> bool:
    """Whether text can stand in a field as it is: nothing in it looks encoded, and lines can be folded at its
    spaces."""
    longest = max(map(len, text.split(" ")))
    return _ASCII.fullmatch(text) is not None and _ENCODED_WORD not in text and 2 * longest < LINE


def _encoded(field: str, text: str) -> list[str]:
    """Text as encoded words, cut behind spaces where it can be: some programs show the spaces between them."""
    words: list[str] = []
    rest = text
    while rest:
        room = LINE - 1 if words else LINE - len(f"{field}: ")
        taken = _fitting(rest, (room - len("=?utf-8?b??=")) // 4 * 3)
        words.append(f"=?utf-8?b?{base64.b64encode(rest[:taken].encode()).decode()}?=")
        rest = rest[taken:]
    return words


def _fitting(text: str, room: int) -> int:
    """How many characters the next encoded word takes: all that fit, or as far as the last space among them. No
    character is cut in two, or parted from what combines with it.

    Args:
        text: not empty.
        room: bytes.
    """
    size, fits = 0, 0
    for character in text:
        size += len(character.encode())
        if size > room:
            break
        fits += 1
    if fits == len(text):
        return fits
    if space := text.rfind(" ", 1, fits) + 1:
        return space
    end = fits
    while end > 1 and unicodedata.combining(text[end]):
        end -= 1
    return end if end > 1 else fits


def _lines(field: str, words: list[str]) -> str:
    """Words on lines of LINE characters; a word that is longer has one to itself."""
    lines, length = "", len(field) + 1
    for word in words:
        folded = bool(lines) and length + 1 + len(word) > LINE
        lines += ("\r\n " if folded else " " if lines else "") + word
        length = 1 + len(word) if folded else length + 1 + len(word)
    return lines


class _Written:
    """A field in its final form. As a value it is what the email package reads in that."""

    name: Any
    _written: str

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        super().parse(value.replace("\r\n", ""), kwds)  # type: ignore[misc]
        kwds["written"] = value

    def init(self, *args: Any, **kwds: Any) -> None:
        self._written = kwds.pop("written")
        super().init(*args, **kwds)  # type: ignore[misc]

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self._written}\r\n".replace("\r\n", policy.linesep)


class _AddressField(_Written, UniqueAddressHeader, BaseHeader):  # type: ignore[misc]
    """A field of mailboxes."""


class _TextField(_Written, UnstructuredHeader, BaseHeader):
    """A field of text."""
