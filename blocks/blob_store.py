"""The BlobStore block: uploads, exports and step results; a folder by default, S3 by URL."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import BinaryIO, ClassVar, Self
from urllib.parse import unquote, urlsplit

from prefect.filesystems import WritableDeploymentStorage, WritableFileSystem
from prefect.utilities.filesystem import filter_files
from pydantic import Field, SecretStr

from blocks.blob import Blobs, BlobStat, checked_key
from blocks.blob_folder import FolderBlobs
from blocks.blob_s3 import S3Blobs
from blocks.configured import ConfiguredBlock
from blocks.errors import BlobMissing, ConfigurationError
from blocks.settings import settings

__all__ = ["BlobStat", "BlobStore", "blob_store"]


class BlobStore(ConfiguredBlock, WritableFileSystem, WritableDeploymentStorage):
    """Bytes under keys such as ``imports/7/upload.csv``.

    Left empty, it is what ``GROUNDWORK_STORAGE_URL`` says, else the folder ``blobs`` of the Groundwork home. It is also
    a Prefect file system, so that ``PREFECT_DEFAULT_RESULT_STORAGE_BLOCK=groundwork-blob-store/groundwork`` keeps step
    results in it.

    Every method that takes a key raises ValueError for a key that is absolute, has ``..`` in it or does not print.
    """

    _block_type_name: ClassVar[str] = "Groundwork Blob Store"
    _block_type_slug: ClassVar[str] = "groundwork-blob-store"
    _description: ClassVar[str] = "Uploads, exports and step results, in a folder or an S3 bucket."

    storage_url: str | None = Field(
        None, title="URL", description="file:///folder or s3://bucket/prefix. Empty: the folder `blobs` of the home."
    )
    endpoint_url: str | None = Field(
        None, title="Endpoint URL", description="Of an S3 store that is not AWS. Empty: AWS_ENDPOINT_URL_S3, then AWS."
    )
    region: str | None = Field(None, description="Empty: AWS_REGION.")
    access_key_id: SecretStr | None = Field(
        None, title="Access key ID", description="Empty: the usual AWS sources, environment first."
    )
    secret_access_key: SecretStr | None = Field(None, title="Secret access key")

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
        if prefix.rstrip("/"):
            checked_key(prefix.removesuffix("/"))
        return self._blobs.list(prefix.lstrip("/"))

    def location(self, key: str) -> str:
        """Where the blob is, for people: a file path or an ``s3://`` URL."""
        return self._blobs.location(checked_key(key))

    # Prefect awaits the methods with an a, and passes _sync=True to the others.

    def read_path(self, path: str, _sync: bool = True) -> bytes:  # type: ignore[override]
        """The blob's whole content (Prefect's interface)."""
        with self.open(path) as stream:
            return stream.read()

    async def aread_path(self, path: str) -> bytes:
        """As :meth:`read_path`, off the event loop."""
        return await asyncio.to_thread(self.read_path, path)

    def write_path(self, path: str, content: bytes, _sync: bool = True) -> None:  # type: ignore[override]
        """Write a whole blob (Prefect's interface)."""
        with self.write(path) as stream:
            stream.write(content)

    async def awrite_path(self, path: str, content: bytes) -> None:
        """As :meth:`write_path`, off the event loop."""
        await asyncio.to_thread(self.write_path, path, content)

    def get_directory(  # type: ignore[override]
        self, from_path: str | None = None, local_path: str | None = None, _sync: bool = True
    ) -> None:
        """Copy the blobs of a folder to a local one (Prefect's interface)."""
        folder = f"{from_path.strip('/')}/" if from_path else ""
        for key in self.list(folder):
            target = Path(local_path or ".") / key.removeprefix(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            with self.open(key) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1024 * 1024)

    async def aget_directory(self, from_path: str | None = None, local_path: str | None = None) -> None:
        """As :meth:`get_directory`, off the event loop."""
        await asyncio.to_thread(self.get_directory, from_path, local_path)

    def put_directory(  # type: ignore[override]
        self,
        local_path: str | None = None,
        to_path: str | None = None,
        ignore_file: str | None = None,
        _sync: bool = True,
    ) -> None:
        """Copy the files of a local folder into the store (Prefect's interface)."""
        root = Path(local_path or ".")
        patterns = Path(ignore_file).read_text().splitlines() if ignore_file else []
        folder = f"{to_path.strip('/')}/" if to_path else ""
        for name in filter_files(root=str(root), ignore_patterns=patterns, include_dirs=False):
            self.upload(root / name, folder + Path(name).as_posix())

    async def aput_directory(
        self, local_path: str | None = None, to_path: str | None = None, ignore_file: str | None = None
    ) -> None:
        """As :meth:`put_directory`, off the event loop."""
        await asyncio.to_thread(self.put_directory, local_path, to_path, ignore_file)

    @cached_property
    def _blobs(self) -> Blobs:
        url = self.storage_url or settings().storage_url
        if url is None:
            return FolderBlobs(settings().home / "blobs")
        parts = urlsplit(url)
        if parts.scheme == "file" and not parts.netloc and parts.path:
            return FolderBlobs(Path(unquote(parts.path)))
        if parts.scheme == "s3" and parts.netloc:
            return S3Blobs(
                parts.netloc,
                unquote(parts.path).strip("/"),
                endpoint_url=self.endpoint_url,
                access_key_id=self.access_key_id.get_secret_value() if self.access_key_id else None,
                secret_access_key=self.secret_access_key.get_secret_value() if self.secret_access_key else None,
                region=self.region,
            )
        raise ConfigurationError(f"GROUNDWORK_STORAGE_URL {url!r}: give file:///folder or s3://bucket/prefix")


@lru_cache
def blob_store() -> BlobStore:
    """The process's blob store, as configured."""
    return BlobStore.configured()
