"""Memory that this process may use: the machine's, or less where its control group has a limit."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_GROUPS_OF_PROCESS = Path("/proc/self/cgroup")


def usable_memory() -> int:
    """Bytes of memory that this process and its children may use together.

    A container sees the memory of its machine, and is killed at the limit of its control group.
    """
    return min([os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *_limits()])


def _limits() -> Iterator[int]:
    """The limits of this process's control groups of memory, in bytes; none where there are no control groups."""
    with suppress(OSError):
        for line in _GROUPS_OF_PROCESS.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:  # version 2
                yield from _limits_above(_CONTROL_GROUPS, path, "memory.max")
            elif "memory" in controllers.split(","):
                yield from _limits_above(_CONTROL_GROUPS / "memory", path, "memory.limit_in_bytes")


def _limits_above(root: Path, path: str, name: str) -> Iterator[int]:
    """The limits of a group and of those that it is in: the lowest counts.

    Within a container the folder is often that of the container itself, and the path one of the machine, which is not
    there.
    """
    group = Path(path.lstrip("/"))
    for each in (group, *group.parents):
        # No limit is "max" in version 2, and beyond any machine's memory in version 1.
        with suppress(OSError, ValueError):
            yield int((root / each / name).read_text())
