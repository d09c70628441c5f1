"""The BlobStore block: uploads, exports and step results; a folder by default, S3 or a store from outside by URL."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, ClassVar, Self

from pydantic import Field, SecretStr

from groundwork.blocks.blob.blob import Blobs, BlobStat, check_size, checked_key, checked_prefix
from groundwork.blocks.blob.filesystem import BlobFileSystem
from groundwork.blocks.blob.folder import FolderBlobs
from groundwork.blocks.blob.link import checked_content_type, checked_filename, checked_lifetime
from groundwork.blocks.blob.stores import StoreAddress, blobs_at
from groundwork.blocks.configured import ConfiguredBlock
from groundwork.blocks.errors import BlobMissing, UploadLost
from groundwork.blocks.process_cache import process_cache
from groundwork.blocks.settings import settings

__all__ = ["BlobStat", "BlobStore", "blob_store"]

_MOST_PARTS = 10_000
"""Parts of an upload; the limit of S3."""


class BlobStore(ConfiguredBlock, BlobFileSystem):
    """Bytes under keys such as ``imports/7/upload.csv``.

    Left empty, it is what ``GROUNDWORK_STORAGE_URL`` says, else the folder ``blobs`` of the Groundwork home. The URL's
    scheme says which kind of store it is (:mod:`groundwork.blocks.blob.stores`). It is also a Prefect file system.

    Every method that takes a key raises ValueError for a key that is absolute, has ``..`` in it or does not print.
    """

    _block_type_name: ClassVar[str] = "Groundwork Blob Store"
    _block_type_slug: ClassVar[str] = "groundwork-blob-store"
    _description: ClassVar[str] = "Uploads, exports and step results, in a folder or an S3 bucket."
    document: ClassVar[str] = "files"

    storage_url: str | None = Field(
        None,
        title="URL",
        description="file:///folder, s3://bucket/prefix, or an installed store. Empty: the folder `blobs` of the home.",
    )
    endpoint_url: str | None = Field(
        None,
        title="Endpoint URL",
        description="S3 only. Empty: AWS_ENDPOINT_URL_S3, then AWS.",
    )
    region: str | None = Field(None, description="S3 only. Empty: AWS_REGION.")
    access_key_id: SecretStr | None = Field(
        None, title="Access key ID", description="S3 only. Empty: the usual AWS sources, environment first."
    )
    secret_access_key: SecretStr | None = Field(
        None, title="Secret access key", description="S3 only. Belongs to the access key ID."
    )

    @classmethod
    def from_settings(cls) -> Self | None:
        url = settings().storage_url
        return cls(storage_url=url) if url else None

    def open(self, key: str) -> BinaryIO:
        """A seekable, buffered stream of the blob, read from the store as it is consumed. The caller closes it.

        Raises:
            BlobMissing: no such blob.
            BlobChanged: raised by a read of the stream where the blob was written again meanwhile (S3 only; a folder
                goes on with the old content).
        """
        return self._blobs.open(checked_key(key))

    def stat(self, key: str) -> BlobStat:
        """Size in bytes, and an etag that changes with the content.

        Raises:
            BlobMissing: no such blob.
        """
        return self._blobs.stat(checked_key(key))

    def exists(self, key: str) -> bool:
        """Whether there is a blob at the key."""
        try:
            self.stat(key)
        except BlobMissing:
            return False
        return True

    def write(self, key: str, content_type: str | None = None) -> AbstractContextManager[BinaryIO]:
        """A writer, as a context. The blob appears whole when the context ends; after an error there is none.

        On S3 it is a multipart upload from 8 MiB on, which an error aborts.

        Args:
            key: where to; a blob that is there is replaced.
            content_type: media type that S3 gives to those who download it.
        """
        return self._blobs.write(checked_key(key), content_type)

    def upload(self, path: Path, key: str, content_type: str | None = None) -> None:
        """Copy a local file into the store."""
        with path.open("rb") as source, self.write(key, content_type) as target:
            shutil.copyfileobj(source, target, 1024 * 1024)

    def delete(self, key: str) -> None:  # type: ignore[override]
        """Delete the blob; no error where there is none.

        This hides Prefect's class method that deletes a block document; `prefect block delete` still does that.
        """
        self._blobs.delete(checked_key(key))

    def list(self, prefix: str = "") -> Iterator[str]:
        """Keys that begin with the text ``prefix``, in order.

        Args:
            prefix: ends in ``/`` to mean a folder; empty for all.
        """
        return self._blobs.list(checked_prefix(prefix))

    def begin_upload(self, key: str, content_type: str | None = None) -> str:
        """Begin a multipart upload: parts that may be sent by several threads, processes and machines.

        Args:
            key: of the blob to be. What is there now stays until the upload is completed.
            content_type: media type that S3 gives to those who download it.

        Returns:
            The upload's id, valid until it is completed or aborted.
        """
        return self._blobs.begin_upload(checked_key(key), content_type)

    def upload_part(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> str:
        """Store one part. The same number again replaces the part.

        On a network file system, send the parts of one upload from one machine.

        Args:
            number: from 1 to 10,000; gives the order in the blob.
            data: S3 takes 5 MiB at least, except for the last part.

        Returns:
            The part's etag.

        Raises:
            UploadLost: no such upload.
        """
        if not 1 <= number <= _MOST_PARTS:
            raise ValueError(
                f"part {number} of {key!r}: parts are numbered from 1 to {_MOST_PARTS:,}; send larger ones"
            )
        return self._blobs.upload_part(checked_key(key), upload_id, number, data)

    def complete_upload(self, key: str, upload_id: str, etags: Sequence[str], *, size: int | None = None) -> BlobStat:
        """Make the parts the blob, which appears whole. Doing so again, after a lost answer, is harmless.

        Args:
            etags: of the parts 1, 2, 3 … in order, at least one.
            size: bytes of all parts, for a key that nobody else writes: the store has to have as many, and a blob of
                this size is taken for the upload's work where the answer was lost and etags tell nothing.

        Raises:
            UploadLost: no such upload, and the blob is not its work either; or an etag is not that of the part.
            BlobDamaged: the store has other bytes than ``size``. They are deleted.
            ValueError: no part, or S3 finds a part too small.
        """
        if not etags:
            raise ValueError(f"the upload of {key!r} has no part; upload one, which may be empty")
        try:
            stored = self._blobs.complete_upload(checked_key(key), upload_id, etags)
        except UploadLost:
            if size is None or not self.exists(key) or (stored := self.stat(key)).size != size:
                raise
        if size is not None and stored.size != size:
            with suppress(Exception):
                self.delete(key)
            check_size(self.location(key), stored.size, size)
        return stored

    def abort_upload(self, key: str, upload_id: str) -> None:
        """Drop an upload and its parts; no error where it is gone. A blob at the key stays as it is."""
        self._blobs.abort_upload(checked_key(key), upload_id)

    def pending_uploads(self, prefix: str = "") -> Sequence[tuple[str, str]]:
        """Key and id of the uploads that were neither completed nor aborted.

        Args:
            prefix: as in :meth:`list`.
        """
        return [*self._blobs.pending_uploads(checked_prefix(prefix))]

    def forget_unfinished(self, older_than: timedelta) -> int:
        """Delete unfinished files of a folder store that killed processes left behind. On S3 a lifecycle rule does so
        (``AbortIncompleteMultipartUpload``), and nothing happens here.

        Args:
            older_than: longer than any write takes; younger ones may still be written.

        Returns:
            How many there were.
        """
        return self._blobs.forget_unfinished((datetime.now(UTC) - older_than).timestamp())

    def download_url(self, key: str, *, filename: str, expires_in: timedelta, content_type: str | None = None) -> str:
        """Make a link. Whoever has it can download the blob without a key, until it expires.

        On S3 a presigned URL; a link that is signed with credentials of a role ends with them, which may be sooner. In
        a folder a link to the gateway (``GROUNDWORK_PUBLIC_URL``).

        Args:
            filename: under which a browser saves it.
            expires_in: a second to 7 days, the limit of S3.
            content_type: media type it is served as; None: the one it was written with on S3, by the ending of the
                file name in a folder.

        Raises:
            BlobMissing: no such blob.
            ConfigurationError: more than 7 days; or, in a folder in production mode, no secret to sign with.
        """
        return self._blobs.download_url(
            checked_key(key),
            checked_filename(filename),
            checked_lifetime(expires_in),
            checked_content_type(content_type),
        )

    def local_path(self, key: str) -> Path | None:
        """The blob's file, where the store is a folder; None on S3.

        Raises:
            BlobMissing: no such blob in the folder.
        """
        return self._blobs.local_path(checked_key(key))

    @property
    def is_folder(self) -> bool:
        """Whether blobs are files of a folder."""
        return isinstance(self._blobs, FolderBlobs)

    def location(self, key: str) -> str:
        """Where the blob is, for people: a file path or an ``s3://`` URL."""
        return self._blobs.location(checked_key(key))

    @cached_property
    def _blobs(self) -> Blobs:
        url = self.storage_url or settings().storage_url
        if url is None:
            return FolderBlobs(settings().home / "blobs")
        return blobs_at(
            StoreAddress(
                url=url,
                endpoint_url=self.endpoint_url,
                region=self.region,
                access_key_id=self.access_key_id.get_secret_value() if self.access_key_id else None,
                secret_access_key=self.secret_access_key.get_secret_value() if self.secret_access_key else None,
            )
        )


@process_cache
def blob_store() -> BlobStore:
    """The process's blob store, as configured."""
    return BlobStore.configured()
