"""Multipart uploads into a folder."""

import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from groundwork.blocks.atomic_file import sync
from groundwork.blocks.beneath import NotBeneath, folder_of, private_folder, stat_beneath
from groundwork.blocks.errors import UploadLost

_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
_COPY_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Etag:
    """What identifies one writing of a part: its bytes, and when it was written, in ns since 1970."""

    size: int
    written_at: int

    @classmethod
    def parse(cls, text: str) -> "_Etag":
        size, _, written_at = text.partition("-")
        return cls(int(size, 16), int(written_at, 16))

    def __str__(self) -> str:
        return f"{self.size:x}-{self.written_at:x}"


class FolderUploads:
    """The uploads under way, each a folder of three files.

    ``content`` has the parts in the order in which they came, ``parts`` a line for each, ``key`` the key of the blob.
    Parts that came in the order of their numbers are the blob already: completion then renames the content.

    Completion gives the file the time of the last part, so that size and time tell a caller who lost the answer that
    the file is the work of this upload.

    Args:
        root: folder of the uploads, on the file system of the blobs.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def begin(self, key: str) -> str:
        """Begin an upload; its id."""
        upload_id = secrets.token_hex(16)
        folder = self.root / upload_id
        private_folder(self._real_root())
        folder.mkdir(mode=0o700)
        (folder / "content").touch(mode=0o600)
        (folder / "parts").touch(mode=0o600)
        (folder / "key").touch(mode=0o600)
        (folder / "key").write_text(key, "utf-8")
        return upload_id

    def add(self, key: str, upload_id: str, number: int, data: bytes | memoryview) -> str:
        """Append a part to the content; its etag. The part is on disk when this returns.

        Raises:
            UploadLost: no such upload.
            OSError: the part did not fit.
        """
        folder = self._folder(key, upload_id)
        try:
            offset = _append(folder / "content", data, durable=True)
            etag = _Etag(memoryview(data).nbytes, time.time_ns())
            _append(folder / "parts", f"{number} {offset} {etag}\n".encode())
        except FileNotFoundError:
            raise self._lost(key, upload_id, "it was completed or aborted") from None
        return str(etag)

    def complete(self, key: str, upload_id: str, etags: Sequence[str]) -> None:
        """Make the parts the blob, whole and at once. Does nothing where this upload has done so already.

        Raises:
            UploadLost: no such upload, or a part is not the one that the etag names.
            NotBeneath: a folder of the blob's path is a symbolic link, or no folder.
        """
        blobs = self.root.parent
        try:
            folder = self._folder(key, upload_id)
            content = self._joined(folder, self._offsets(key, upload_id, etags), etags)
            written_at = _Etag.parse(etags[-1]).written_at
            os.utime(content, ns=(written_at, written_at))
            sync(content)
            with folder_of(blobs, key, make=True) as (target, name):
                os.replace(content, name, dst_dir_fd=target)
                os.fsync(target)
        except (UploadLost, FileNotFoundError) as error:
            if not _made_of(etags, stat_beneath(blobs, key)):
                lost = error if isinstance(error, UploadLost) else self._lost(key, upload_id, "its content is gone")
                raise lost from None
        self.abort(key, upload_id)

    def abort(self, key: str, upload_id: str) -> None:
        """Delete whatever there is of the upload."""
        with suppress(UploadLost, FileNotFoundError):
            folder = self._folder(key, upload_id)
            # The key goes last: what a killed process leaves is still listed as pending.
            for file in sorted(folder.iterdir(), key=lambda file: file.name == "key"):
                file.unlink(missing_ok=True)
            folder.rmdir()

    def pending(self) -> Iterator[tuple[str, str]]:
        """Key and id of every upload, by key."""
        found: list[tuple[str, str]] = []
        if self.root.is_symlink():
            return iter(found)
        for file in self.root.glob("*/key"):
            if file.is_symlink() or file.parent.is_symlink():
                continue
            with suppress(FileNotFoundError):
                found.append((file.read_text("utf-8"), file.parent.name))
        return iter(sorted(found))

    def _folder(self, key: str, upload_id: str) -> Path:
        folder = self._real_root() / upload_id
        with suppress(FileNotFoundError):
            if folder.is_symlink():
                raise self._lost(key, upload_id, "a symbolic link lies in its place")
            if _UPLOAD_ID.fullmatch(upload_id) and (folder / "key").read_text("utf-8") == key:
                return folder
        raise self._lost(key, upload_id, "it is not there")

    def _real_root(self) -> Path:
        """The folder of the uploads.

        Raises:
            NotBeneath: it is a symbolic link.
        """
        if self.root.is_symlink():
            raise NotBeneath(f"{self.root} is a symbolic link")
        return self.root

    def _offsets(self, key: str, upload_id: str, etags: Sequence[str]) -> list[int]:
        """Where the parts begin in the content, in the order of their numbers."""
        lines = (line.split() for line in (self.root / upload_id / "parts").read_text("ascii").splitlines())
        offsets = {(int(number), etag): int(offset) for number, offset, etag in lines}
        for number, etag in enumerate(etags, 1):
            if (number, etag) not in offsets:
                raise self._lost(key, upload_id, f"part {number} with the etag {etag} is not there")
        return [offsets[part] for part in enumerate(etags, 1)]

    def _joined(self, folder: Path, offsets: Sequence[int], etags: Sequence[str]) -> Path:
        """The file of the parts in order: the content itself if it can be, else a copy."""
        content, copy = folder / "content", folder / f"copy-{secrets.token_hex(8)}"
        sizes = [_Etag.parse(etag).size for etag in etags]
        if list(offsets) == [sum(sizes[:number]) for number in range(len(sizes))]:
            os.truncate(content, sum(sizes))
            return content
        with content.open("rb") as source, open(copy, "xb", opener=_private) as target:
            for offset, size in zip(offsets, sizes, strict=True):
                source.seek(offset)
                for start in range(0, size, _COPY_BYTES):
                    target.write(source.read(min(_COPY_BYTES, size - start)))
        return copy

    def _lost(self, key: str, upload_id: str, reason: str) -> UploadLost:
        return UploadLost(
            f"the upload {upload_id} of the blob {key!r} in {self.root.parent}: {reason}; begin a new one"
        )


def _append(file: Path, data: bytes | memoryview, *, durable: bool = False) -> int:
    """Append in one write, which no other writer's can interleave; the offset it went to.

    Raises:
        FileNotFoundError: no such file; none is made.
        OSError: not everything fitted.
    """
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    try:
        size = memoryview(data).nbytes
        if os.write(descriptor, data) < size:
            raise OSError(f"{file}: not all of {size:,} bytes could be written; is the disk full?")
        offset = os.lseek(descriptor, 0, os.SEEK_CUR) - size
        if durable:
            os.fsync(descriptor)
        return offset
    finally:
        os.close(descriptor)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _made_of(etags: Sequence[str], status: os.stat_result | None) -> bool:
    """Whether a file is what an upload of these parts leaves."""
    try:
        parts = [_Etag.parse(etag) for etag in etags]
    except ValueError:
        return False
    if status is None:
        return False
    return (status.st_size, status.st_mtime_ns) == (sum(part.size for part in parts), parts[-1].written_at)
