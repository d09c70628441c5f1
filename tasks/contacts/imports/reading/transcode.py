"""The way to UTF-8: blocks of a file in any encoding become blocks of UTF-8."""

import codecs
import itertools
import re
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from groundwork.tasks.contacts.imports.reading.encoding import SAMPLE_BYTES, UNDECODABLE, Encoding, text_encoding

_MARK = codecs.BOM_UTF8
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_MARK_AT_LINE = re.compile(rb"(?<=[\r\n])(?:\xef\xbb\xbf)+")
_LONGEST_LINE = 1024 * 1024
"""Bytes of a line that is waited for. A longer one is taken as it comes."""


def utf8_blocks(
    blocks: Iterable[bytes], encoding: Encoding, decided: Callable[[Encoding], None] = lambda _: None
) -> Iterator[bytes]:
    """The text of the blocks as UTF-8, without byte order marks at its start and at the start of its lines.

    UTF-8 passes through unread, invalid sequences included; in other encodings what cannot be decoded becomes
    ``UNDECODABLE``, as do lines that are UTF-8 in a file of an older encoding.

    Args:
        blocks: the file, in blocks of any length.
        encoding: of its beginning. Where that is ASCII, the first other character decides on the rest.
        decided: told the encoding of the rest then.
    """
    return _without_marks(_decoded(_after(blocks, encoding.mark_bytes), encoding, decided))


def _after(blocks: Iterable[bytes], skip: int) -> Iterator[bytes]:
    for block in blocks:
        if rest := block[skip:] if skip else block:
            yield rest
        skip = max(0, skip - len(block))


def _decoded(blocks: Iterator[bytes], encoding: Encoding, decided: Callable[[Encoding], None]) -> Iterator[bytes]:
    if encoding.ascii_so_far:
        return _late(blocks, decided)
    if encoding.name == "utf-8":
        return blocks
    return _legacy(_whole_lines(blocks), encoding.name) if encoding.any_bytes else _transcoded(blocks, encoding.name)


def _late(blocks: Iterator[bytes], decided: Callable[[Encoding], None]) -> Iterator[bytes]:
    for block in blocks:
        if block.isascii():
            yield block
            continue
        at = int(np.argmax(np.frombuffer(block, np.uint8) > 127))
        yield block[:at]
        # From the first such byte on, however the blocks are cut, so that every attempt decides the same.
        sample = bytearray(block[at:])
        while len(sample) < SAMPLE_BYTES and (more := next(blocks, None)):
            sample += more
        encoding = text_encoding(bytes(sample[:SAMPLE_BYTES]))
        decided(encoding)
        yield from _decoded(itertools.chain([bytes(sample)], blocks), encoding, decided)
        return


def _transcoded(blocks: Iterable[bytes], codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)("groundwork.mark")
    for block in blocks:
        if text := decoder.decode(block):
            yield text.encode()
    if text := decoder.decode(b"", final=True):
        yield text.encode()


def _legacy(blocks: Iterable[bytes], codec: str) -> Iterator[bytes]:
    several_bytes = len(bytes(range(256)).decode(codec, "replace")) < 256
    for block in blocks:
        yield _legacy_text(block, codec, _utf8_triples(block) if several_bytes else _utf8_pairs(block)).encode()


def _legacy_text(block: bytes, codec: str, suspects: list[int]) -> str:
    """Whole lines as text. Those that are UTF-8 come from another file that was appended: they are not decodable.

    Args:
        block: the lines.
        codec: of the file.
        suspects: where a character of UTF-8 may begin.
    """
    parts: list[str] = []
    done = 0
    line_ends = [each for each in (b"\n", b"\r") if each in block]
    for at in suspects:
        if at < done:
            continue
        start = max((block.rfind(each, 0, at) for each in line_ends), default=-1) + 1
        end = min((found for each in line_ends if (found := block.find(each, at)) >= 0), default=len(block))
        line = _as_utf8(block[start:end])
        if line is not None:
            parts += (block[done:start].decode(codec, "groundwork.mark"), line)
            done = end
    parts.append(block[done:].decode(codec, "groundwork.mark"))
    return "".join(parts)


def _utf8_pairs(block: bytes) -> list[int]:
    """Where a byte that begins a character of UTF-8 is followed by one that continues it."""
    if block.isascii():
        return []
    codes = np.frombuffer(block, np.uint8)
    begins = (codes[:-1] >= 0xC2) & (codes[:-1] <= 0xF4)
    pairs: list[int] = np.flatnonzero(begins & (codes[1:] >= 0x80) & (codes[1:] <= 0xBF)).tolist()
    return pairs


def _utf8_triples(block: bytes) -> list[int]:
    """Where the three bytes of a character of East Asia in UTF-8 may be. Pairs are all over encodings of two bytes."""
    if block.isascii():
        return []
    codes = np.frombuffer(block, np.uint8)
    continues = (codes >= 0x80) & (codes <= 0xBF)
    begins = (codes[:-2] >= 0xE0) & (codes[:-2] <= 0xEF)
    triples: list[int] = np.flatnonzero(begins & continues[1:-1] & continues[2:]).tolist()
    return triples


def _as_utf8(line: bytes) -> str | None:
    """The line with a mark for each run of characters beyond ASCII; None where it is no UTF-8."""
    try:
        return _BEYOND_ASCII.sub(UNDECODABLE, line.decode())
    except UnicodeDecodeError:
        return None


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut behind line ends, so that what is said of a line does not depend on where blocks end."""
    pending = b""
    for block in blocks:
        data = pending + block
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if end == 0 and len(data) > _LONGEST_LINE:
            end = len(data)
        pending = data[end:]
        if end:
            yield data[:end]
    if pending:
        yield pending


def _without_marks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The text without byte order marks at line starts: files that were joined have them in the middle."""
    pending = b"\n"  # as if a line ended before the file
    first = True
    for block in blocks:
        data = pending + block
        kept = _marks_beginning(data)
        pending, data = data[len(data) - kept :], data[: len(data) - kept]
        if _MARK[:1] in data and _MARK in data:
            data = _MARK_AT_LINE.sub(b"", data)
        if first and data:
            data, first = data[1:], False
        if data:
            yield data
    rest = _MARK_AT_LINE.sub(b"", pending)[1 if first else 0 :]
    if rest:
        yield rest


def _marks_beginning(data: bytes) -> int:
    """Length of an end that may be the beginning of a line end with a mark."""
    for size in (3, 2, 1):
        end = data[-size:]
        if end[:1] in (b"\n", b"\r") and _MARK.startswith(end[1:]):
            return size
    return 0
