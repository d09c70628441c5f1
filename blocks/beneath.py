"""Files below a folder, reached without following a symbolic link anywhere below it.

A check of a path and its use are two moments, between which somebody can put a link in its place. So each folder of a
path is opened from the one above it, and what is done is done in the folder that was opened.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NO_FILE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENXIO}
"""Errors of a name that is not there, is a link, or leads through a file."""


class NotBeneath(OSError):
    """A part of the path is a symbolic link, or a file where a folder should be."""


@contextmanager
def folder_of(root: Path, key: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The open folder in which a file lies, and the file's name in it.

    Args:
        root: may itself be reached by links: whoever set it up chose it.
        key: relative path of the file.
        make: make the folders that are missing, for this user only.

    Raises:
        FileNotFoundError: a folder is missing.
        NotBeneath: one is a link, or no folder.
    """
    *folders, name = key.split("/")
    if make:
        private_folder(root)
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for number, folder in enumerate(folders, 1):
            if make:
                with suppress(FileExistsError):
                    os.mkdir(folder, 0o700, dir_fd=descriptor)
            try:
                below = os.open(folder, _FOLDER, dir_fd=descriptor)
            except OSError as error:
                if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                    raise
                where = root / "/".join(folders[:number])
                raise NotBeneath(f"{where} is a symbolic link or a file, not a folder") from None
            os.close(descriptor)
            descriptor = below
        yield descriptor, name
    finally:
        os.close(descriptor)


def open_beneath(root: Path, key: str, buffering: int) -> BinaryIO | None:
    """A stream of a regular file; None where there is none, or a link."""
    try:
        with folder_of(root, key) as (folder, name):
            # Without O_NONBLOCK, a pipe that lies there would hold the caller until somebody writes to it.
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError as error:
        if isinstance(error, NotBeneath) or error.errno in _NO_FILE:
            return None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return os.fdopen(descriptor, "rb", buffering)


def stat_beneath(root: Path, key: str) -> os.stat_result | None:
    """What the system knows of a regular file; None where there is none, or a link."""
    try:
        with folder_of(root, key) as (folder, name):
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if isinstance(error, NotBeneath) or error.errno in _NO_FILE:
            return None
        raise
    return status if stat.S_ISREG(status.st_mode) else None


def delete_beneath(root: Path, key: str) -> None:
    """Delete a file, or the link that lies in its place, if there is one."""
    with suppress(FileNotFoundError, NotBeneath), folder_of(root, key) as (folder, name):
        os.unlink(name, dir_fd=folder)


def files_beneath(root: Path, folder: str) -> Iterator[str]:
    """Keys of all regular files in a folder and those in it, links left out, in no order.

    Args:
        folder: relative path, or empty for all.
    """
    try:
        with folder_of(root, f"{folder}/x" if folder else "x") as (descriptor, _):
            for place, _, names, opened in os.fwalk(".", dir_fd=descriptor):
                path = "/".join(part for part in (folder, place.removeprefix(".").strip("/")) if part)
                for name in names:
                    with suppress(FileNotFoundError):
                        if stat.S_ISREG(os.stat(name, dir_fd=opened, follow_symlinks=False).st_mode):
                            yield f"{path}/{name}" if path else name
    except (FileNotFoundError, NotBeneath):
        return


def private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for this user only. One that is there stays as it is."""
    missing = []
    for each in (folder, *folder.parents):
        if each.is_dir():
            break
        missing.append(each)
    for each in reversed(missing):
        with suppress(FileExistsError):
            each.mkdir(mode=0o700)


def make_private(folder: Path) -> None:
    """Take away what others may do with a folder, and where they could do anything, with all that is in it.

    Links, and what belongs to others, are left. The folder itself comes last, so that a kill in between does no harm.
    """
    if not stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return
    for _, _, names, opened in os.fwalk(folder, topdown=False):
        for name in names:
            with suppress(FileNotFoundError, PermissionError):
                if stat.S_ISREG((status := os.stat(name, dir_fd=opened, follow_symlinks=False)).st_mode):
                    os.chmod(name, stat.S_IMODE(status.st_mode) & ~0o077, dir_fd=opened)
        with suppress(PermissionError):
            os.fchmod(opened, stat.S_IMODE(os.fstat(opened).st_mode) & ~0o077)
