"""A blob store as a package from outside would bring it: in memory, for one process."""

import io
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from groundwork.blocks.blob.blob import BlobStat
from groundwork.blocks.blob.stores import StoreAddress
from groundwork.blocks.errors import BlobMissing, UploadLost

_places: dict[str, "MemoryBlobs"] = {}


def memory_at(address: StoreAddress) -> "MemoryBlobs":
    """The store of ``mem://name``, the same one for every block of the process."""
    if not address.host:
        raise address.refused("give mem://name")
    return _places.setdefault(address.url, MemoryBlobs(address.url))


class _Unclosed(io.BytesIO):
    """What is written stays readable after a caller has closed it."""

    def close(self) -> None:
        self.flush()


class MemoryBlobs:
    """Blobs in a dictionary."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._blobs: dict[str, tuple[bytes, str]] = {}
        self._uploads: dict[str, tuple[str, dict[int, tuple[bytes, str]]]] = {}
        self._completed: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._lock = threading.Lock()

    def open(self, key: str) -> BinaryIO:
        return io.BytesIO(self._found(key)[0])

    def stat(self, key: str) -> BlobStat:
        content, etag = self._found(key)
        return BlobStat(len(content), etag)

    @contextmanager
    def write(self, key: str, content_type: str | None) -> Iterator[BinaryIO]:
        writer = _Unclosed()
        yield writer
        self._blobs[key] = (writer.getvalue(), uuid.uuid4().hex)

    def delete(self, key: str) -> None:
        self._blobs.pop(key, None)

    def list(self, prefix: str) -> Iterator[str]:
        return iter(sorted(key for key in self._blobs if key.startswith(prefix)))

    def begin_upload(self, key: str, content_type: str | None) -> str:
        upload_id = uuid.uuid4().hex
        self._uploads[upload_id] = (key, {})
        return upload_id

    def upload_part(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> str:
        etag = uuid.uuid4().hex
        with self._lock:
            self._parts(key, upload_id)[number] = (bytes(data), etag)
        return etag

    def complete_upload(self, key: str, upload_id: str, etags: Sequence[str]) -> BlobStat:
        if self._completed.get(upload_id) == (key, tuple(etags)):
            return self.stat(key)
        parts = self._parts(key, upload_id)
        if [parts[number][1] for number in sorted(parts)] != [*etags]:
            raise UploadLost(f"{self.location(key)}: these are not the parts of the upload; begin a new upload")
        self._blobs[key] = (b"".join(parts[number][0] for number in sorted(parts)), uuid.uuid4().hex)
        del self._uploads[upload_id]
        self._completed[upload_id] = (key, tuple(etags))
        return self.stat(key)

    def abort_upload(self, key: str, upload_id: str) -> None:
        self._uploads.pop(upload_id, None)

    def pending_uploads(self, prefix: str) -> Iterator[tuple[str, str]]:
        return iter([(key, each) for each, (key, _) in self._uploads.items() if key.startswith(prefix)])

    def forget_unfinished(self, before: float) -> int:
        return 0

    def download_url(self, key: str, filename: str, expires_in: timedelta, content_type: str | None) -> str:
        self.stat(key)
        return self.location(key)

    def local_path(self, key: str) -> Path | None:
        return None

    def location(self, key: str) -> str:
        return f"{self._url}/{key}"

    def _found(self, key: str) -> tuple[bytes, str]:
        if key not in self._blobs:
            raise BlobMissing(f"no blob {key!r} in {self._url}")
        return self._blobs[key]

    def _parts(self, key: str, upload_id: str) -> dict[int, tuple[bytes, str]]:
        known, parts = self._uploads.get(upload_id, ("", {}))
        if known != key:
            raise UploadLost(f"{self.location(key)}: there is no upload {upload_id}; begin a new upload")
        return parts
