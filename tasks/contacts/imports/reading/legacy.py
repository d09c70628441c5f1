"""Legacy encodings: which one a text without Unicode's marks is written in.

chardet ranks the candidates by its models of languages. On files of few names its best ones lie close together. Four
things that a person would look at decide between them then: whether the letters stand where letters stand ("KšLn"), how
common the encoding is for files of contacts, whether headers become words, and of which languages those words are.
"""

import codecs
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass

import chardet

_COMMON = {
    "cp1252": 1.0, "iso8859-15": 0.3, "mac-roman": 0.8, "cp850": 0.5,
    "cp1250": 0.85, "iso8859-2": 0.83, "cp852": 0.5,
    "cp1251": 1.0, "koi8-u": 0.8, "iso8859-5": 0.8, "mac-cyrillic": 0.95, "cp866": 0.7,
    "cp1253": 0.9, "iso8859-7": 0.88, "cp1254": 0.85, "cp1255": 0.9, "cp1256": 0.9, "cp1257": 0.7, "cp1258": 0.9,
    "cp874": 0.9,
    "cp932": 1.0, "euc_jp": 1.15, "gb18030": 1.0, "big5hkscs": 1.0, "cp949": 0.9,
}  # fmt: skip
"""How common an encoding is. Small differences only break ties of the models."""
_ASKED_FOR = [*(name for name in _COMMON if name != "euc_jp"), "euc_jis_2004", "koi8-r"]
_WIDER = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-8": "cp1255", "iso8859-6": "cp1256",
    "iso8859-11": "cp874", "tis-620": "cp874", "koi8-r": "koi8-u", "shift_jis": "cp932", "euc_jis_2004": "euc_jp",
    "euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "cp950": "big5hkscs",
}  # fmt: skip
"""The encoding that programs write under the name of a narrower one."""
_WINDOWS = {"iso8859-2": "cp1250", "iso8859-5": "cp1251", "iso8859-7": "cp1253", "iso8859-15": "cp1252"}
"""What a text is written in that has characters where these encodings have control codes."""
_EVIDENCE_BYTES = 16 * 1024
_JUDGED_CHARACTERS = 4000
"""Characters that are looked at one by one, under each encoding."""
_BETWEEN_CELLS = re.compile(rb'[\r\n,;\t"]+')
"""No byte of it is the second one of a character in any encoding above."""
_MOST_HEADER_BYTES = 8 * 1024
_CLASSIC_MAC = 3.0
"""Weight of Macintosh encodings where lines end as they did on a Macintosh."""
_HEADER_WORD = 4.0
_HEADER_LANGUAGE = 3.0
"""Weight of the encodings of a region in which the headers' language is written."""
_WEST = {"de", "fr", "es", "it", "nl", "pt", "sv", "da"}
_REGIONS = (
    (_WEST, {"cp1252", "iso8859-15", "mac-roman", "cp850"}),
    ({"pl"}, {"cp1250", "iso8859-2", "cp852"}),
)
_FEWEST_KANA = 5
_VOWELS = "aeiouyáéíóú"
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


def guess(sample: bytes, is_header: Callable[[str], bool], languages_of: Callable[[Iterable[str]], Set[str]]) -> Guess:
    """The likeliest encoding of bytes that are neither ASCII nor UTF-8.

    Args:
        sample: of the file; the more, the better.
        is_header: whether a text is a known header.
        languages_of: codes of the languages that headers are of.
    """
    # Each cell once: what a file repeats tells nothing new.
    evidence = b"\n".join(dict.fromkeys(_legacy_cells(sample)))
    cut = evidence.rfind(b"\n", 0, _EVIDENCE_BYTES)
    evidence = evidence[: cut if cut > 0 and len(evidence) > _EVIDENCE_BYTES else _EVIDENCE_BYTES]
    mac_lines = b"\r" in sample and b"\n" not in sample
    head = _head_cells(sample)
    languages = languages_of(each.decode("ascii", "ignore") for each in head)
    regional = {name for spoken, names in _REGIONS if languages and languages <= spoken for name in names}
    if _is_japanese(evidence):
        return Guess("euc_jp", 1.0)
    scores: dict[str, tuple[float, str]] = {}
    for each in chardet.detect_all(evidence, ignore_threshold=True, include_encodings=_ASKED_FOR):
        name = _codec(each["encoding"])
        if name not in _COMMON or name in scores:
            continue
        text = evidence.decode(name, "replace")
        score = (each["confidence"] or 0.0) * _COMMON[name] * _plausibility(text[:_JUDGED_CHARACTERS])
        if mac_lines and name.startswith("mac"):
            score *= _CLASSIC_MAC
        if any(is_header(each.decode(name, "replace").strip()) for each in head if not each.isascii()):
            score *= _HEADER_WORD
        if name in regional:
            score *= _HEADER_LANGUAGE
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


def _is_japanese(evidence: bytes) -> bool:
    """Whether this is EUC-JP by its kana: chardet does not offer it for short texts. Chinese encodings have the same
    bytes for kana, and no use for them."""
    try:
        text = evidence.decode("euc_jp")
    except UnicodeDecodeError:
        return False
    letters = [each for each in text if not each.isascii()]
    kana = sum("\u3041" <= each <= "\u30fa" for each in letters)
    return kana >= _FEWEST_KANA and kana * 3 >= len(letters)


def _codec(name: str | None) -> str:
    if name is None:
        return ""
    try:
        found = codecs.lookup(name).name
    except LookupError:
        return ""
    return wider(found)


def wider(codec: str) -> str:
    """The codec that reads all that programs write under the name of this one."""
    return _WIDER.get(codec, codec)


def _legacy_cells(sample: bytes) -> list[bytes]:
    """Cells that are not ASCII. Those in UTF-8 come from a file that was appended, and tell only where no other is."""
    cells = [each for each in _BETWEEN_CELLS.split(sample) if not each.isascii()]
    return [each for each in cells if not _is_utf8(each)] or cells


def _is_utf8(cell: bytes) -> bool:
    try:
        cell.decode()
    except UnicodeDecodeError:
        return False
    return True


def _head_cells(sample: bytes) -> list[bytes]:
    """Cells of the first lines."""
    return _BETWEEN_CELLS.split(b"\n".join(sample[:_MOST_HEADER_BYTES].splitlines()[:10]))


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
    if letter in "ńŃ" and after.lower() in _VOWELS:  # Polish writes "ni" there, and Spanish "ñ"
        return 1.0
    return 1.0 if _mixes_scripts(letter, before, after) else 0.0


def _oddity_of_sign(sign: str, before: str, after: str) -> float:
    if sign.isdigit():
        return 0.5
    if sign == "¤":  # in ISO-8859-15 it is €
        return 1.0
    if sign in "’·":
        return 0.1 if before.isalpha() and after.islower() else 0.05
    return 1.0 if (before.isalpha() or after.isalpha()) and sign not in _UNDISTURBED else 0.05


def _mixes_scripts(letter: str, before: str, after: str) -> bool:
    script = unicodedata.name(letter, "?").split()[0]
    if script.startswith(_SCRIPTS_THAT_MIX):
        return False
    beside = [each for each in (before, after) if each.isalpha()]
    return any(not unicodedata.name(each, "?").startswith(script) for each in beside)
