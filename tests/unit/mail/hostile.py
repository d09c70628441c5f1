"""Names and texts as attackers write them."""

from random import Random

from hypothesis import strategies as st

PIECES = (
    "=?utf-8?q?", "=?UTF-8?B?", "=?iso-8859-1?Q?", "?=", "=0D=0A", "=0ABcc:=20eve@example.com", "=2C", "DQo=",
    "=?", "=",
    "\r\n", "\r", "\n", "\n\n", "\x00", "\x0b", "\x0c", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u2029", "\r\n ",
    "\r\n\t",
    ",", ";", ":", "<", ">", "@", '"', "\\", "(", ")", "[", "]", ".", "eve@example.com", "<eve@example.com>",
    "Subject: hi", "Bcc: eve@example.com", "Content-Type: text/html", "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff",
    "\u00ad", "\ud800", "\udfff", "\ud83d", "مرحبا", "שלום", "Ж", "漢字", "🎉", "e\u0301", "\u0301", "ﬀ", " ", "   ",
    "\u00a0", "\u3000", "Ann", "O'Brien", "x" * 80, "漢" * 60, "a b " * 30, "y" * 2000,
)  # fmt: skip

HOSTILE = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(st.characters(exclude_categories=()), max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=5).map(lambda pieces: f"=?utf-8?q?{'=0D=0A'.join(pieces)}?="),
)
"""Pieces put together, any characters, and pieces within encoded words."""
_ENDS = (0x80, 0x100, 0x3000, 0x110000)
"""Where ranges of characters end: ASCII, Latin, most alphabets, everything."""


def hostile(random: Random) -> str:
    """One such text by chance, in a third of the time that Hypothesis takes, which could make it shorter."""
    kind = random.randrange(3)
    if kind == 0:
        return "".join(random.choices(PIECES, k=random.randrange(13)))
    if kind == 1:
        end = random.choice(_ENDS)
        return "".join(chr(random.randrange(end)) for _ in range(random.randrange(201)))
    return f"=?utf-8?q?{'=0D=0A'.join(random.choices(PIECES, k=random.randrange(6)))}?="
