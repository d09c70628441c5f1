"""Legacy encodings: which one a text without Unicode's marks is written in.

chardet ranks the candidates by its models of languages. On files of few names its best ones lie close together. Three
things that a person would look at decide between them then: whether the letters stand where letters stand ("KšLn"), how
common the encoding is for files of contacts, and whether headers become words.
"""

import codecs
import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import chardet

_COMMON = {
    "cp1252": 1.0, "iso8859-15": 0.3, "mac-roman": 0.8, "cp850": 0.5,
    "cp1250": 0.85, "iso8859-2": 0.83,
    "cp1251": 1.0, "koi8-r": 0.8, "iso8859-5": 0.8, "mac-cyrillic": 0.95, "cp866": 0.7,
    "cp1253": 0.9, "iso8859-7": 0.88, "cp1254": 0.85, "cp1255": 0.9, "cp1256": 0.9, "cp1257": 0.7, "cp874": 0.9,
    "cp932": 1.0, "euc_jp": 1.15, "gb18030": 1.0, "big5hkscs": 1.0, "cp949": 0.9,
}  # fmt: skip
"""How common an encoding is. Small differences only break ties of the models."""
_ASKED_FOR = [*(name for name in _COMMON if name != "euc_jp"), "euc_jis_2004"]
_WIDER = {
    "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-8": "cp1255", "iso8859-6": "cp1256", "shift_jis": "cp932",
    "euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "euc_jis_2004": "euc_jp",
}  # fmt: skip
"""The encoding that programs write under the name of a narrower one."""
_WINDOWS = {"iso8859-2": "cp1250", "iso8859-5": "cp1251", "iso8859-7": "cp1253", "iso8859-15": "cp1252"}
"""What a text is written in that has characters where these encodings have control codes."""
_EVIDENCE_BYTES = 16 * 1024
_WORDS = re.compile(rb'[^\r\n,;\t"]*[\x80-\xff][^\r\n,;\t"]*')
"""Cells that are not ASCII. No byte that separates them is the second one of a character in any encoding above."""
_MOST_HEADER_BYTES = 8 * 1024
_CLASSIC_MAC = 3.0
"""Weight of Macintosh encodings where lines end as they did on a Macintosh."""
_HEADER_WORD = 4.0
_UNDISTURBED = "’‘·•–—“”„«»。、・―ー－（）「」…\u00a0"
"""Signs that may stand beside a letter."""
_SCRIPTS_THAT_MIX = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")


@dataclass(frozen=True)
class Guess:
    """An encoding and how sure it is.

    Attributes:
        name: of the Python codec.
        confidence: 0 to 1; below 0.3 a person should look at it.
    """

    name: str
    confidence: float


def guess(sample: bytes, is_header: Callable[[str], bool]) -> Guess:
    """The likeliest encoding of bytes that are neither ASCII nor UTF-8.

    Args:
        sample: of the file; the more, the better.
        is_header: whether a text is a known header.
    """
    # Each cell once: what a file repeats tells nothing new.
    evidence = b"\n".join(dict.fromkeys(_WORDS.findall(sample)))
    cut = evidence.rfind(b"\n", 0, _EVIDENCE_BYTES)
    evidence = evidence[: cut if cut > 0 and len(evidence) > _EVIDENCE_BYTES else _EVIDENCE_BYTES]
    mac_lines = b"\r" in sample and b"\n" not in sample
    scores: dict[str, tuple[float, str]] = {}
    for each in chardet.detect_all(evidence, ignore_threshold=True, include_encodings=_ASKED_FOR):
        name = _codec(each["encoding"])
        if name not in _COMMON or name in scores:
            continue
        text = evidence.decode(name, "replace")
        score = (each["confidence"] or 0.0) * _COMMON[name] * _plausibility(text)
        if mac_lines and name.startswith("mac"):
            score *= _CLASSIC_MAC
        if any(is_header(cell) for cell in _header_cells(sample, name)):
            score *= _HEADER_WORD
        scores[name] = (score, text)
    if not scores:
        return Guess("cp1252", 0.0)
    best, text = max(scores.values())
    # Of encodings that read the evidence alike, the rest of the file is most probably in the commonest.
    name = max((each for each, (_, same) in scores.items() if same == text), key=lambda each: _COMMON[each])
    second = max((score for score, other in scores.values() if other != text), default=0.0)
    if name in _WINDOWS and any("\x80" <= each <= "\x9f" for each in text):
        name = _WINDOWS[name]
    letters = sum(not each.isascii() for each in text)
    lead = 1.0 if second <= 0 else min(1.0, (best / second - 1) * 2)
    return Guess(name, round(lead * min(1.0, letters / 6), 2))


def _codec(name: str | None) -> str:
    if name is None:
        return ""
    try:
        found = codecs.lookup(name).name
    except LookupError:
        return ""
    return _WIDER.get(found, found)


def _header_cells(sample: bytes, name: str) -> list[str]:
    """Cells of the first lines that are not ASCII."""
    head = b"\n".join(sample[:_MOST_HEADER_BYTES].splitlines()[:10])
    return [each.decode(name, "replace").strip() for each in _WORDS.findall(head)]


def _plausibility(text: str) -> float:
    """How well the letters beyond ASCII fit where they stand: 1 where nothing is odd."""
    odd, letters = 0.0, 0
    for at, each in enumerate(text):
        if not each.isascii():
            letters += 1
            odd += _oddity(each, text[at - 1] if at else " ", text[at + 1] if at + 1 < len(text) else " ")
    return math.exp(-3 * odd / math.sqrt(letters or 1))


def _oddity(letter: str, before: str, after: str) -> float:
    category = unicodedata.category(letter)
    if category in ("Cc", "Cn", "Co") or letter == "\ufffd":
        return 1.0
    if category[0] not in "LM":
        return _oddity_of_sign(letter, before, after)
    if letter.isupper() and before.isalpha() and before.islower():
        return 1.0
    if before.isupper() and (after.isupper() if letter.islower() else letter.isupper() and after.islower()):
        return 0.7
    if letter.islower() and after.isupper():
        return 0.5
    if category == "Lo" and before.isascii() and before.isalpha():
        return 0.7
    if "\uff61" <= letter <= "\uff9f":  # half-width katakana
        return 0.3
    if letter in "ªº":
        return 0.5
    if letter in "ðþÐÞ":  # Icelandic
        return 0.3
    return 0.5 if _mixes_scripts(letter, before, after) else 0.0


def _oddity_of_sign(sign: str, before: str, after: str) -> float:
    if sign.isdigit():
        return 0.5
    if sign in "’·":
        return 0.1 if before.isalpha() and after.islower() else 0.05
    return 1.0 if (before.isalpha() or after.isalpha()) and sign not in _UNDISTURBED else 0.05


def _mixes_scripts(letter: str, before: str, after: str) -> bool:
    script = unicodedata.name(letter, "?").split()[0]
    if script.startswith(_SCRIPTS_THAT_MIX):
        return False
    beside = [each for each in (before, after) if each.isalpha()]
    return any(not unicodedata.name(each, "?").startswith(script) for each in beside)
