"""Character encodings: what a CSV is written in, and the way to UTF-8."""

import codecs
from dataclasses import dataclass

from groundwork.blocks.errors import NonRetriable
from groundwork.tasks.contacts.imports.reading.legacy import guess, wider
from groundwork.tasks.contacts.imports.reading.not_csv import refuse_binary
from groundwork.tasks.contacts.imports.rows.vocabulary import is_known_header, languages_of

SAMPLE_BYTES = 1024 * 1024
UNDECODABLE = "\ufdd0"
"""Stands for bytes that the encoding does not allow. A noncharacter of Unicode, so no real text holds it."""
LOW_CONFIDENCE = 0.3
"""Below it a person is asked to look at the text."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_ZEROS_BYTES = 4096
_ESCAPES_JAPANESE = b"\x1b$"
_JAPANESE_BY_ESCAPES = "iso2022_jp_ext"
_NO_TEXT_OF_A_FILE = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "charmap", "mbcs", "oem"}
"""Codecs that read something else than files. Some take a time that grows with the square of a text's length."""


@dataclass(frozen=True)
class Encoding:
    """An encoding.

    Attributes:
        name: of the Python codec.
        mark_bytes: length of the byte order mark to leave out.
        confidence: 0 to 1.
        ascii_so_far: whether the sample has no other character, so that a later one decides.
    """

    name: str
    mark_bytes: int = 0
    confidence: float = 1.0
    ascii_so_far: bool = False

    @property
    def any_bytes(self) -> bool:
        """Whether it reads nearly all bytes, so that text in UTF-8 would be read as gibberish."""
        return not self.name.startswith(("utf", "iso2022", "hz"))


def mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    """Error handler of decoders: one ``UNDECODABLE`` for each invalid sequence of bytes."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODABLE, error.end


codecs.register_error("groundwork.mark", mark_undecodable)


def named_encoding(name: str, sample: bytes) -> Encoding:
    """The encoding that a person named, with the byte order mark that the file may have.

    Args:
        name: a codec that Python knows, such as ``cp1252``.
        sample: the first bytes of the file.

    Raises:
        NonRetriable: there is no such encoding of text, or the file has the byte order mark of another.
    """
    codec = _codec_of_text(name)
    if codec is None:
        raise NonRetriable(
            f"encoding: there is no encoding {name!r}. "
            "Take one such as utf-8, cp1252, mac-roman, shift_jis or utf-16-le."
        )
    for mark, marked in _BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            if marked.split("-")[:2] != codec.split("-")[:2]:
                raise NonRetriable(
                    f"encoding: the file is no {name}: it begins with the byte order mark of {marked}. Leave it out."
                )
            return Encoding(marked, len(mark))
    return Encoding(codec)


def _codec_of_text(name: str) -> str | None:
    try:
        found = codecs.lookup(name).name
        "".encode(found)
    except (LookupError, ValueError):  # such as of a name with a NUL
        return None
    if found.replace("_", "-") in _NO_TEXT_OF_A_FILE:
        return None
    plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
    return plain.get(found) or wider(found)


def detect_encoding(sample: bytes) -> Encoding:
    """The encoding of a file, judged by its first bytes.

    A byte order mark decides. Without one: UTF-32 and UTF-16 by where their zero bytes are; UTF-8 where it decodes, or
    where more of its non-ASCII characters are good than bad; else the likeliest legacy encoding.

    Args:
        sample: the first ``SAMPLE_BYTES`` bytes of the file, or all of it.

    Raises:
        NonRetriable: these bytes are no text.
    """
    for mark, name in _BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            return Encoding(name, len(mark))
    if wide := _by_zeros(sample):
        return Encoding(wide)
    if _ESCAPES_JAPANESE in sample and sample.isascii():
        return Encoding(_JAPANESE_BY_ESCAPES)
    refuse_binary(sample)
    return text_encoding(sample)


def text_encoding(sample: bytes) -> Encoding:
    """The encoding of text in which ASCII characters are one byte.

    Args:
        sample: of any place in the file.
    """
    if sample.isascii():
        return Encoding("utf-8", ascii_so_far=True)
    if _is_rather_utf8(sample):
        return Encoding("utf-8")
    found = guess(sample, is_known_header, languages_of)
    return Encoding(found.name, confidence=found.confidence)


def _by_zeros(sample: bytes) -> str | None:
    """UTF-32 or UTF-16 without a mark: ASCII characters, such as delimiters and addresses, have zeros in it."""
    start = sample[:_ZEROS_BYTES]
    if start.count(0) < len(start) // 10:
        return None
    for name in _WIDE:
        unit = 4 if name.startswith("utf-32") else 2
        whole = start[: len(start) // unit * unit]
        high = whole[unit - 1 :: unit] if name.endswith("le") else whole[::unit]
        low = whole[::unit] if name.endswith("le") else whole[unit - 1 :: unit]
        if high.count(0) > 0.2 * len(high) and low.count(0) <= 0.02 * len(low):
            try:
                codecs.getincrementaldecoder(name)().decode(whole, final=False)
            except UnicodeDecodeError:
                continue
            return name
    return None


def _is_rather_utf8(sample: bytes) -> bool:
    text = codecs.getincrementaldecoder("utf-8")("groundwork.mark").decode(sample, final=False)
    bad = text.count(UNDECODABLE)
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    return good > bad


def repaired(data: bytes) -> tuple[bytes, bool]:
    """Valid UTF-8, and whether it holds ``UNDECODABLE``.

    Args:
        data: UTF-8 that may have invalid sequences.
    """
    if data.isascii():
        return data, False
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "groundwork.mark").encode(), True
    return data, UNDECODABLE.encode() in data
