"""A running stack that is quick to notice a dead run, for tests that kill parts of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.stack.application import Application
from tests.integration.stack.running import RunningStack

SETTINGS = {
    "GROUNDWORK_LEASE_SECONDS": "2",
    "GROUNDWORK_CLAIM_SECONDS": "2",
    "GROUNDWORK_MAX_ATTEMPTS": "3",
    "GROUNDWORK_IMPORT_CHUNK_BYTES": "65536",
}


@pytest.fixture(scope="package")
def stack(prepared_home: Callable[[], Path]) -> Iterator[RunningStack]:
    """A running `groundwork up`; whatever was done to it, SIGTERM has to end it in time."""
    with RunningStack(prepared_home(), SETTINGS).running() as stack:
        yield stack


@pytest.fixture
def application(stack: RunningStack, request: pytest.FixtureRequest) -> Application:
    """A workspace of the test's own, beside a stack that runs."""
    stack.ensure_running()
    return Application(stack, request.node.name.removeprefix("test_")[:40].strip("_").replace("_", "-"))
