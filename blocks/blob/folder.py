"""Blobs as files of a folder."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from groundwork.blocks.atomic_file import atomic_file
from groundwork.blocks.beneath import NotBeneath, delete_beneath, files_beneath, open_beneath, stat_beneath
from groundwork.blocks.blob.blob import BlobStat, checked_key
from groundwork.blocks.blob.folder_uploads import FolderUploads
from groundwork.blocks.blob.link import DownloadLink
from groundwork.blocks.blob.stores import URLS, StoreAddress
from groundwork.blocks.errors import BlobMissing, BlobRefused

_PARTIAL = ".partial"
_UPLOADS = ".uploads"
_HIDDEN = (_PARTIAL, _UPLOADS)
_READ_BYTES = 1024 * 1024


def folder_at(address: StoreAddress) -> "FolderBlobs":
    """The folder of a ``file:`` URL.

    Raises:
        ConfigurationError: it names a host, or no path.
    """
    if address.host or not address.path:
        raise address.refused(URLS)
    return FolderBlobs(Path(address.path))


class FolderBlobs:
    """Blobs as files of one folder: a key is a path in it. Symbolic links below the folder are no blobs.

    Args:
        root: the folder; made at the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._uploads = FolderUploads(self.root / _UPLOADS)

    def open(self, key: str) -> BinaryIO:
        stream = open_beneath(self.root, self._checked(key), _READ_BYTES)
        if stream is None:
            raise self._missing(key)
        return stream

    def stat(self, key: str) -> BlobStat:
        status = stat_beneath(self.root, self._checked(key))
        if status is None:
            raise self._missing(key)
        return BlobStat(status.st_size, f"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ino:x}")

    @contextmanager
    def write(self, key: str, content_type: str | None) -> Iterator[BinaryIO]:  # noqa: ARG002
        with self._refusing_links(key), atomic_file(self.root, self._checked(key), _PARTIAL) as writer:
            yield writer

    def delete(self, key: str) -> None:
        delete_beneath(self.root, self._checked(key))

    def list(self, prefix: str) -> Iterator[str]:
        keys = files_beneath(self.root, prefix.rpartition("/")[0])
        return iter(sorted(key for key in keys if key.startswith(prefix) and _is_key(key)))

    def begin_upload(self, key: str, content_type: str | None) -> str:  # noqa: ARG002
        with self._refusing_links(key):
            return self._uploads.begin(self._checked(key))

    def upload_part(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> str:
        with self._refusing_links(key):
            return self._uploads.add(key, upload_id, number, data)

    def complete_upload(self, key: str, upload_id: str, etags: Sequence[str]) -> BlobStat:
        with self._refusing_links(key):
            self._uploads.complete(self._checked(key), upload_id, etags)
        return self.stat(key)

    def abort_upload(self, key: str, upload_id: str) -> None:
        self._uploads.abort(key, upload_id)

    def pending_uploads(self, prefix: str) -> Iterator[tuple[str, str]]:
        return (upload for upload in self._uploads.pending() if upload[0].startswith(prefix))

    def forget_unfinished(self, before: float) -> int:
        forgotten = 0
        folders = [self.root / each for each in _HIDDEN if not (self.root / each).is_symlink()]
        for path in [path for folder in folders for path in folder.glob("*")]:
            if path.lstat().st_mtime >= before:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
            forgotten += 1
        return forgotten

    def download_url(self, key: str, filename: str, expires_in: timedelta, content_type: str | None) -> str:
        self.stat(key)
        return DownloadLink.to(key, filename, expires_in, content_type).url()

    def local_path(self, key: str) -> Path | None:
        self.stat(key)
        return self._path(key)

    def location(self, key: str) -> str:
        return str(self._path(key))

    def _path(self, key: str) -> Path:
        return self.root / self._checked(key)

    def _checked(self, key: str) -> str:
        first = key.split("/")[0]
        if first in _HIDDEN:
            raise ValueError(f"blob key {key!r}: {first} holds unfinished files; choose another first part")
        return key

    @contextmanager
    def _refusing_links(self, key: str) -> Iterator[None]:
        try:
            yield
        except NotBeneath as error:
            raise BlobRefused(
                f"the blob {key!r} cannot be written: {error}. Remove it, or choose another key"
            ) from None

    def _missing(self, key: str) -> BlobMissing:
        return BlobMissing(f"no blob {key!r} in the folder {self.root}")


def _is_key(path: str) -> bool:
    """Whether a file is one that this store could have written."""
    try:
        return checked_key(path).split("/")[0] not in _HIDDEN
    except ValueError:
        return False
