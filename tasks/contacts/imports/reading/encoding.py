"""Character encodings: what a CSV is written in, and the way to UTF-8."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from groundwork.blocks.errors import NonRetriable

SAMPLE_BYTES = 1024 * 1024
UNDECODABLE = "\ufdd0"
"""Stands for bytes that the encoding does not allow. A noncharacter of Unicode, so no real text holds it."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NOT_CSV = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or other Office document"),
    (b"PK\x03\x04", "a zip within another archive"),
    (b"\x1f\x8b", "a gzip within another archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"BZh", "a bzip2 archive"),
)
_UTF8_LEADS = bytes(range(0xC2, 0xF5))
_CONTROLS = bytes(each for each in range(32) if each not in b"\t\n\r")


@dataclass(frozen=True)
class Encoding:
    """An encoding by its Python codec name, and the length of the byte order mark to leave out."""

    name: str
    mark_bytes: int = 0


def mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    """Error handler of decoders: one ``UNDECODABLE`` for each invalid sequence of bytes."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODABLE, error.end


codecs.register_error("groundwork.mark", mark_undecodable)


def detect_encoding(sample: bytes) -> Encoding:
    """The encoding of a file, judged by its first bytes.

    A byte order mark decides. Without one: UTF-16 where every other byte is zero; UTF-8 where it decodes, or where more
    of its non-ASCII characters are good than bad; else Windows-1252.

    Args:
        sample: the first ``SAMPLE_BYTES`` bytes of the file, or all of it.

    Raises:
        NonRetriable: these bytes are no text.
    """
    for mark, name in _BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            return Encoding(name, len(mark))
    for magic, what in _NOT_CSV:
        if sample.startswith(magic):
            raise NonRetriable(f"The file is not a CSV: it is {what}. Export the contacts as CSV.")
    evens, odds = sample[:4096:2], sample[1:4096:2]
    if len(odds) > 1 and odds.count(0) > 0.7 * len(odds) and evens.count(0) < 0.1 * len(evens):
        return Encoding("utf-16-le")
    if len(odds) > 1 and evens.count(0) > 0.7 * len(evens) and odds.count(0) < 0.1 * len(odds):
        return Encoding("utf-16-be")
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > max(16, len(sample) // 20):
        raise NonRetriable("The file is not a CSV: it holds binary data. Export the contacts as CSV.")
    return Encoding("utf-8" if _is_rather_utf8(sample) else "cp1252")


def _is_rather_utf8(sample: bytes) -> bool:
    if sample.isascii():
        return True
    text = codecs.getincrementaldecoder("utf-8")("groundwork.mark").decode(sample, final=False)
    bad = text.count(UNDECODABLE)
    good = len(sample) - len(sample.translate(None, _UTF8_LEADS)) - bad
    return good > bad


def utf8_blocks(blocks: Iterable[bytes], encoding: Encoding) -> Iterator[bytes]:
    """The text of the blocks as UTF-8 without a byte order mark.

    UTF-8 passes through unread, invalid sequences included; in other encodings what cannot be decoded becomes
    ``UNDECODABLE``.
    """
    skip = encoding.mark_bytes
    decoder = codecs.getincrementaldecoder(encoding.name)("groundwork.mark") if encoding.name != "utf-8" else None
    for block in blocks:
        rest = block[skip:] if skip else block
        skip = max(0, skip - len(block))
        if decoder is not None:
            rest = decoder.decode(rest).encode()
        if rest:
            yield rest
    if decoder is not None and (rest := decoder.decode(b"", final=True).encode("utf-8")):
        yield rest


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
