"""Whether code that a process has imported has been changed on disk since."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

_CLOCK_SECONDS = 1.0
"""By how much a process's start may be off. What was saved within it counts as changed, which costs a new start."""


def has_changed_code() -> bool:
    """Whether a module of this process that somebody may be editing was saved, or removed, after the process began."""
    began = psutil.Process().create_time() - _CLOCK_SECONDS
    for file in _edited_files():
        try:
            if file.stat().st_mtime > began:
                return True
        except FileNotFoundError:
            return True
    return False


def begin_anew(module: str, *arguments: str) -> None:
    """Become ``python -m MODULE ARGUMENT …``, with the same process id and the descriptors that may be inherited."""
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 - no shell, a list


def is_installed(path: Path) -> bool:
    """Whether a file lies where packages are installed, and nobody edits it."""
    return bool({"site-packages", "dist-packages"} & set(path.parts)) or path.is_relative_to(sys.base_prefix)


def _edited_files() -> Iterator[Path]:
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and not is_installed(Path(file)):
            yield Path(file)
