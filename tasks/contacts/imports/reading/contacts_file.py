"""A CSV of contacts in the blob store, read once from start to end."""

import itertools
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

from groundwork.blocks.blob.store import BlobStat, BlobStore
from groundwork.blocks.errors import BlobChanged
from groundwork.events.contacts.imports import ImportOptions
from groundwork.tasks.contacts.imports.reading.chunks import Cut, chunks
from groundwork.tasks.contacts.imports.reading.dialect import Dialect, detect_dialect
from groundwork.tasks.contacts.imports.reading.encoding import (
    SAMPLE_BYTES,
    Encoding,
    detect_encoding,
    named_encoding,
)
from groundwork.tasks.contacts.imports.reading.not_csv import refuse_other_text
from groundwork.tasks.contacts.imports.reading.transcode import utf8_blocks
from groundwork.tasks.contacts.imports.reading.unpack import unpacked_blocks
from groundwork.tasks.contacts.imports.rows.headers import Layout, layout_of
from groundwork.tasks.contacts.imports.rows.prepare import PreparedChunk, prepare
from groundwork.tasks.contacts.settings import contacts_settings


class ContactsFile:
    """An open file. Made by :func:`open_contacts`.

    Attributes:
        stat: size and etag of the blob; give it to the next attempt as ``expected``.
        cut: lengths of its chunks.
        encoding: of the file, once unpacked; as far as it is known yet.
        dialect: delimiter and headers.
        layout: which column is which.
    """

    def __init__(
        self,
        store: BlobStore,
        key: str,
        stat: BlobStat,
        stream: BinaryIO,
        *,
        cut: Cut,
        options: ImportOptions,
    ) -> None:
        self.stat = stat
        self.cut = cut
        self._store = store
        self._key = key
        self._stream = stream
        blocks = unpacked_blocks(stream, stat.size)
        raw, _ = _sample(blocks)
        self.encoding: Encoding = named_encoding(options.encoding, raw) if options.encoding else detect_encoding(raw)
        text = utf8_blocks(itertools.chain([raw], blocks), self.encoding, self._decide)
        start, complete = _sample(text)
        refuse_other_text(start)
        self.dialect: Dialect = detect_dialect(
            start, complete=complete, delimiter=options.delimiter, header_line=options.header_line
        )
        self.layout: Layout = layout_of(self.dialect.headers, self.dialect.samples, options.columns)
        self._blocks = itertools.chain([start[self.dialect.header_bytes :]], text)

    def _decide(self, encoding: Encoding) -> None:
        self.encoding = encoding

    @property
    def position(self) -> int:
        """Bytes of the blob read so far, as stored. Ahead of what is written; see ``PreparedChunk.position``."""
        return self._stream.tell()

    def chunks(self, done: Container[int] = ()) -> Iterator[PreparedChunk]:
        """The chunks, prepared for the database, in order. To be called once.

        Args:
            done: numbers of chunks written by earlier attempts; they are left out.

        Raises:
            BlobChanged: the blob is not the one that was opened any more.
            NonRetriable: the file cannot be read on; what was yielded before stands.
        """
        pieces = chunks(
            self._blocks,
            delimiter=self.dialect.delimiter,
            cut=self.cut,
            first_line=self.dialect.header_lines + 1,
        )
        for piece in pieces:
            ensure_unchanged(self._store, self._key, self.stat)
            if piece.number not in done:
                yield replace(prepare(piece, self.layout, self.dialect.delimiter), position=self.position)


@contextmanager
def open_contacts(
    store: BlobStore,
    key: str,
    *,
    expected: BlobStat | None = None,
    cut: Cut | None = None,
    options: ImportOptions | None = None,
) -> Iterator[ContactsFile]:
    """Open a CSV of contacts: unpacked, decoded, its columns mapped.

    Args:
        store: where it is.
        key: its key.
        expected: what an earlier attempt saw.
        cut: lengths of the chunks, where an earlier attempt wrote some; by default as ``import_chunk_bytes`` says.
        options: what a person chose; by default all is guessed.

    Raises:
        BlobMissing: there is no such blob.
        BlobChanged: it is not the expected one.
        NonRetriable: it is empty, no CSV, has no e-mail column or too many columns, breaks a limit of the settings, or
            is not as the options say.
    """
    with store.open(key) as stream:
        stat = store.stat(key)
        if expected is not None and stat != expected:
            raise BlobChanged(_changed(key, expected, stat))
        yield ContactsFile(
            store,
            key,
            stat,
            stream,
            cut=cut or Cut.of(contacts_settings().import_chunk_bytes),
            options=options or ImportOptions(),
        )


def ensure_unchanged(store: BlobStore, key: str, expected: BlobStat) -> None:
    """Compare a blob with what was seen before.

    Raises:
        BlobMissing: it is gone.
        BlobChanged: its size or etag differs.
    """
    if (found := store.stat(key)) != expected:
        raise BlobChanged(_changed(key, expected, found))


def _changed(key: str, expected: BlobStat, found: BlobStat) -> str:
    return (
        f"{key} changed during the import: it had {expected.size} bytes and etag {expected.etag}, now it has "
        f"{found.size} bytes and etag {found.etag}. Upload the file under a new key and send a new event."
    )


def _sample(blocks: Iterator[bytes]) -> tuple[bytes, bool]:
    """At least the first ``SAMPLE_BYTES`` bytes, and whether that is all there is."""
    sample = bytearray()
    for block in blocks:
        sample += block
        if len(sample) >= SAMPLE_BYTES:
            return bytes(sample), False
    return bytes(sample), True
