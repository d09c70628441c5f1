"""Blobs as files of a folder."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from blocks.atomic_file import atomic_file
from blocks.blob import BlobStat
from blocks.blob_folder_uploads import FolderUploads
from blocks.blob_link import DownloadLink
from blocks.errors import BlobMissing

_PARTIAL = ".partial"
_UPLOADS = ".uploads"
_HIDDEN = (_PARTIAL, _UPLOADS)
_READ_BYTES = 1024 * 1024


class FolderBlobs:
    """Blobs as files of one folder: a key is a path in it.

    Args:
        root: the folder; made at the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._uploads = FolderUploads(self.root / _UPLOADS)

    def open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb", buffering=_READ_BYTES)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise self._missing(key) from None

    def stat(self, key: str) -> BlobStat:
        path = self._path(key)
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing(key) from None
        if not path.is_file():
            raise self._missing(key)
        return BlobStat(status.st_size, f"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ino:x}")

    def write(self, key: str, content_type: str | None) -> AbstractContextManager[BinaryIO]:  # noqa: ARG002
        return atomic_file(self._path(key), self.root / _PARTIAL)

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def list(self, prefix: str) -> Iterator[str]:
        folder = self.root / prefix.rpartition("/")[0]
        keys = (path.relative_to(self.root).as_posix() for path in folder.rglob("*") if path.is_file())
        return iter(sorted(key for key in keys if key.startswith(prefix) and key.split("/")[0] not in _HIDDEN))

    def begin_upload(self, key: str, content_type: str | None) -> str:  # noqa: ARG002
        self._path(key)
        return self._uploads.begin(key)

    def upload_part(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> str:
        return self._uploads.add(key, upload_id, number, data)

    def complete_upload(self, key: str, upload_id: str, etags: Sequence[str]) -> BlobStat:
        self._uploads.complete(key, upload_id, etags, self._path(key))
        return self.stat(key)

    def abort_upload(self, key: str, upload_id: str) -> None:
        self._uploads.abort(key, upload_id)

    def pending_uploads(self, prefix: str) -> Iterator[tuple[str, str]]:
        return (upload for upload in self._uploads.pending() if upload[0].startswith(prefix))

    def forget_unfinished(self, before: float) -> int:
        forgotten = 0
        for path in [*(self.root / _PARTIAL).glob("*"), *(self.root / _UPLOADS).glob("*")]:
            if path.stat().st_mtime >= before:
                continue
            if path.is_dir():
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
        first = key.split("/")[0]
        if first in _HIDDEN:
            raise ValueError(f"blob key {key!r}: {first} holds unfinished files; choose another first part")
        return self.root / key

    def _missing(self, key: str) -> BlobMissing:
        return BlobMissing(f"no blob {key!r} in the folder {self.root}")
