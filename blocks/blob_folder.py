"""Blobs as files of a folder."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from blocks.atomic_file import atomic_file
from blocks.blob import BlobStat
from blocks.errors import BlobMissing

_PARTIAL = ".partial"
_READ_BYTES = 1024 * 1024


class FolderBlobs:
    """Blobs as files of one folder: a key is a path in it.

    Args:
        root: the folder; made at the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

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
        return iter(sorted(key for key in keys if key.startswith(prefix) and not key.startswith(f"{_PARTIAL}/")))

    def location(self, key: str) -> str:
        return str(self._path(key))

    def _path(self, key: str) -> Path:
        if key.split("/")[0] == _PARTIAL:
            raise ValueError(f"blob key {key!r}: {_PARTIAL} holds unfinished files; choose another first part")
        return self.root / key

    def _missing(self, key: str) -> BlobMissing:
        return BlobMissing(f"no blob {key!r} in the folder {self.root}")
