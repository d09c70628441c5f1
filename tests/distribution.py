"""Which tests share a process when the suite runs in several (``pytest -n``), and which of them begin first."""

from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.order import file_of

OWN_STACK = (
    "tests/chaos/test_storm.py",
    "tests/integration/stack/test_external_postgres.py",
    "tests/integration/stack/test_work_pools.py",
    "tests/integration/stack/test_reload.py",
    "tests/integration/stack/test_start.py",
    "tests/chaos/test_light_hosts.py",
    "tests/integration/stack/test_telemetry.py",
    "tests/integration/stack/test_joined_prefect.py",
)
"""Files of a folder with a stack that start another one, and use none but that. The folder's would wait meanwhile."""
ONE_STACK = (
    "tests/chaos",
    "tests/integration/stack",
    "tests/integration/newcomer",
    "tests/integration/outages",
)
"""Folders whose tests share what takes long to start: each is one process's work."""
LONG = (
    "tests/integration/stack",
    "tests/integration/newcomer",
    "tests/chaos",
    "tests/integration/outages",
    "tests/integration/hosting",
    *OWN_STACK,
    "tests/integration/installed",
    "tests/integration/worker",
    "tests/integration/operations",
    "tests/integration/jobs",
)
"""What begins first, the longest first, so that no process is left alone with it at the end."""


class ByFile(LoadFileScheduling):
    """Gives a process one file after another, or a folder where its files share a stack."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        if file in OWN_STACK:
            return file
        return next((folder for folder in ONE_STACK if file.startswith(f"{folder}/")), file)


def longest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Tests in the order in which processes take them on."""

    def rank(item: pytest.Item) -> int:
        file = file_of(item)
        if file in OWN_STACK:
            return LONG.index(file)
        return next((n for n, folder in enumerate(LONG) if file.startswith(f"{folder}/")), len(LONG))

    return sorted(items, key=rank)
