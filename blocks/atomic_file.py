"""A file that is either whole or absent, and that only its owner may read."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from groundwork.blocks.beneath import folder_of


@contextmanager
def atomic_file(root: Path, key: str, partial: str) -> Iterator[BinaryIO]:
    """A writer whose file takes the place of another when the context ends without an error.

    A reader sees the old content or the new one, never a part. The content is on disk before the name is.

    Args:
        root: folder of the files; made if need be.
        key: relative path of the file to be; its folder is made if need be.
        partial: name of the folder of unfinished files in ``root``. What a killed process leaves there is garbage.

    Raises:
        NotBeneath: a folder of the path is a symbolic link, or no folder.
    """
    with (
        folder_of(root, key, make=True) as (folder, name),
        folder_of(root, f"{partial}/{secrets.token_hex(16)}", make=True) as (unfinished, temporary),
    ):
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=unfinished)
        try:
            with os.fdopen(descriptor, "w+b") as writer:
                yield writer
            _sync_file(temporary, unfinished)
            os.replace(temporary, name, src_dir_fd=unfinished, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=unfinished)
            raise
        os.fsync(folder)


def forget_unfinished(partial: Path, before: float) -> int:
    """Delete what killed processes left in a folder of unfinished files.

    Args:
        partial: the folder; it need not be there.
        before: seconds since 1970; files written to later are kept.

    Returns:
        How many there were.
    """
    if partial.is_symlink():
        return 0
    old = [path for path in partial.glob("*") if path.lstat().st_mtime < before]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def sync(path: Path) -> None:
    """Have the content of a file, or the names in a folder, on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file(name: str, folder: int) -> None:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
