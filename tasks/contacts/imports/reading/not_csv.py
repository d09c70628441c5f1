"""What people upload instead of a CSV, told by its first bytes."""

import re

from groundwork.blocks.errors import NonRetriable

_BINARY = (
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
    (b"SQLite format 3", "an SQLite database"),
    (b"{\\rtf", "an RTF document"),
    (b"RIFF", "a picture or a sound"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"ID3", "a sound"),
    (b"OggS", "a sound"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_TEXT = (
    (("begin:vcard",), "a vCard, which is all that Apple Contacts and iCloud export"),
    (("begin:vcalendar",), "a calendar"),
    (("<!doctype html", "<html", "<head", "<body", "<table", "<div", "<style", "<meta", "<script"), "a web page"),
    (("mime-version:", "return-path:", "received:", "delivered-to:"), "a mail"),
    (("insert into ", "create table ", "-- mysql dump", "-- mariadb dump", "-- postgresql database"), "an SQL script"),
    (("dn:", "version: 1\ndn:"), "an LDIF file"),
)
_COMMENT = re.compile(r"\s*<!--.*?-->\s*", re.DOTALL)
_XML = re.compile(r"<[!?/a-z][^@]*>")
_JSON = re.compile(r"\s*(?:\{\s*\"|\[\s*[\[{\"])")
_ARCHIVE_NAME_BYTES, _TAR_MAGIC = 257, b"ustar"
_CONTROLS = bytes(each for each in range(32) if each not in b"\t\n\r")
_START = 512
"""Bytes of text that are looked at."""


def refuse_binary(sample: bytes) -> None:
    """Refuse bytes that are no text.

    Args:
        sample: the first bytes of the file; no UTF-16 or UTF-32.

    Raises:
        NonRetriable: the message says what they are.
    """
    for magic, what in _BINARY:
        if sample.startswith(magic):
            raise _refused(what)
    if sample[_ARCHIVE_NAME_BYTES:].startswith(_TAR_MAGIC):
        raise _refused("a tar archive")
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > max(16, len(sample) // 20):
        raise NonRetriable("The file is not a CSV: it holds binary data. Export the contacts as CSV.")


def refuse_other_text(text: bytes) -> None:
    """Refuse text that is no table.

    Args:
        text: the beginning of the file, in UTF-8.

    Raises:
        NonRetriable: the message says what it is.
    """
    start = text[:_START].decode("utf-8", "replace").lstrip("\ufeff \t\r\n").replace("\r\n", "\n").casefold()
    while comment := _COMMENT.match(start):
        start = start[comment.end() :]
    for beginnings, what in _TEXT:
        if start.startswith(beginnings):
            raise _refused(what)
    if _XML.match(start):
        raise _refused("an XML document or a web page")
    if _JSON.match(start):
        raise _refused("JSON")


def _refused(what: str) -> NonRetriable:
    return NonRetriable(f"The file is not a CSV: it is {what}. Export the contacts as CSV.")
