"""A file with one secret, which only its owner may read."""

import contextlib
import os
import secrets
from pathlib import Path

from groundwork.blocks.errors import ConfigurationError


def make_secret_file(path: Path, secret: str) -> str:
    """Keep a secret in a file, unless the file is there. It is whole or absent, also if the machine dies meanwhile.

    Returns:
        The secret that the file holds: the one given, or that of whoever was first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{secret}\n")
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, does not replace what another process has made meanwhile.
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, path)
    finally:
        unfinished.unlink()
    kept = read_secret_file(path)
    if kept is None:
        raise ConfigurationError(f"{path} holds no secret. Delete it, and start again.")
    return kept


def read_secret_file(path: Path) -> str | None:
    """The secret in a file; None where there is no file, or nothing in it.

    Raises:
        ConfigurationError: it is not the own file of this user, or others may read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}). Run as its owner.") from None
    with os.fdopen(descriptor, encoding="utf-8") as file:
        status = os.fstat(file.fileno())
        if status.st_uid not in (os.geteuid(), 0) or status.st_mode & 0o077:
            raise ConfigurationError(f"{path} holds a secret that others may read. Make it yours: chmod 600 {path}")
        return file.read().strip() or None
