"""Which tests share a process when the suite runs in several (``pytest -n``), and which of them begin first."""

from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadFileScheduling

ONE_STACK = (
    "tests/chaos",
    "tests/integration/installed",
    "tests/integration/newcomer",
    "tests/integration/stack",
    "tests/integration/outages",
)
"""Folders whose tests share what takes long to start, the longest first: each is one process's work."""
LONG = (*ONE_STACK, "tests/integration/worker", "tests/integration/operations", "tests/integration/jobs")
"""What begins first, so that no process is left alone with it at the end."""


class ByFile(LoadFileScheduling):
    """Gives a process one file after another, or a folder where its files share a stack."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((folder for folder in ONE_STACK if file.startswith(f"{folder}/")), file)


def longest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Tests in the order in which processes take them on."""

    def rank(item: pytest.Item) -> int:
        return next((n for n, folder in enumerate(LONG) if item.nodeid.startswith(f"{folder}/")), len(LONG))

    return sorted(items, key=rank)
