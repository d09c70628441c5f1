"""A file that is either whole or absent."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast


@contextmanager
def atomic_file(path: Path, partial: Path) -> Iterator[BinaryIO]:
    """A writer whose file takes the place of ``path`` when the context ends without an error.

    A reader sees the old content or the new one, never a part. The content is on disk before the name is.

    Args:
        path: the file to be; its folder is made if need be.
        partial: folder of unfinished files, on the same file system. What a killed process leaves there is garbage.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=partial, delete=False) as writer:
        unfinished = Path(writer.name)
        try:
            yield cast(BinaryIO, writer)
            writer.close()
            sync(unfinished)
            unfinished.chmod(0o644)
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    sync(path.parent)


def forget_unfinished(partial: Path, before: float) -> int:
    """Delete what killed processes left in a folder of unfinished files.

    Args:
        partial: the folder; it need not be there.
        before: seconds since 1970; files written to later are kept.

    Returns:
        How many there were.
    """
    old = [path for path in partial.glob("*") if path.stat().st_mtime < before]
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
