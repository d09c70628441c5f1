"""A blob: bytes under a key, in a folder or a bucket."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from groundwork.blocks.errors import BlobDamaged

_LONGEST_KEY = 1024
"""Bytes in UTF-8; the limit of S3."""


@dataclass(frozen=True, slots=True)
class BlobStat:
    """What a store knows of a blob without reading it.

    Attributes:
        size: bytes.
        etag: changes whenever the content is written again. Compare for equality only.
    """

    size: int
    etag: str


@runtime_checkable
class Blobs(Protocol):
    """Where blobs are kept: what a blob store from outside gives, too. Its tests are ``BlobStoreContract``.

    Keys are checked already; prefixes are plain text that keys begin with. What each method has to do, and the errors
    that it raises, stand at :class:`~groundwork.blocks.blob.store.BlobStore`'s method of the name.
    """

    def open(self, key: str) -> BinaryIO:
        """A seekable, buffered stream of the blob."""

    def stat(self, key: str) -> BlobStat:
        """Size and etag of the blob."""

    def write(self, key: str, content_type: str | None) -> AbstractContextManager[BinaryIO]:
        """A writer whose blob appears when the context ends without an error."""

    def delete(self, key: str) -> None:
        """Delete the blob if it is there."""

    def list(self, prefix: str) -> Iterator[str]:
        """Keys that begin with the prefix, in order."""

    def begin_upload(self, key: str, content_type: str | None) -> str:
        """Begin a multipart upload."""

    def upload_part(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> str:
        """Store or replace one part; its etag."""

    def complete_upload(self, key: str, upload_id: str, etags: Sequence[str]) -> BlobStat:
        """Make the parts the blob; again is harmless."""

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Drop the upload if it is there."""

    def pending_uploads(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Key and id of every upload that is neither completed nor aborted."""

    def forget_unfinished(self, before: float) -> int:
        """Delete what killed processes left unfinished before then, in seconds since 1970; how many there were."""

    def download_url(self, key: str, filename: str, expires_in: timedelta, content_type: str | None) -> str:
        """A link to the blob. File name and time are checked already."""

    def local_path(self, key: str) -> Path | None:
        """The blob's file; None where blobs are no files."""

    def location(self, key: str) -> str:
        """The blob's file path or URL, for people."""


def check_size(where: str, stored: int, sent: int) -> None:
    """Compare what a store keeps with what it was sent, in bytes.

    Raises:
        BlobDamaged: they differ.
    """
    if stored != sent:
        raise BlobDamaged(
            f"{where} has {stored:,} bytes in the store, and {sent:,} were sent: the store keeps other content than it "
            "gets. `groundwork store check` says what it gets wrong; with GROUNDWORK_S3_CHECKSUMS=always, try required"
        )


def checked_key(key: str) -> str:
    """The key itself.

    Raises:
        ValueError: the key could leave the store, or not every store could hold it.
    """
    parts = key.split("/")
    if "" in parts or "." in parts or ".." in parts:
        raise ValueError(
            f"blob key {key!r}: give a relative path without empty, '.' or '..' parts, such as imports/7.csv"
        )
    if not key.isprintable() or "\\" in key:
        raise ValueError(f"blob key {key!r}: leave out backslashes, NUL and other characters that do not print")
    if len(key.encode()) > _LONGEST_KEY:
        raise ValueError(f"blob key {key[:40]!r}… has {len(key.encode())} bytes; shorten it to {_LONGEST_KEY}")
    return key


def checked_prefix(prefix: str) -> str:
    """The text that keys of a listing begin with.

    Raises:
        ValueError: no key could begin with it.
    """
    if prefix.rstrip("/"):
        checked_key(prefix.removesuffix("/"))
    return prefix.lstrip("/")
