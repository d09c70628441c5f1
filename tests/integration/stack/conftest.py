"""One running stack for all tests of this package."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.stack.application import Application
from tests.integration.stack.running import RunningStack


@pytest.fixture(scope="package")
def stack(prepared_home: Callable[[], Path]) -> Iterator[RunningStack]:
    """A running `groundwork up`; it has to end by Ctrl-C in time and leave no process behind."""
    with RunningStack(prepared_home()).running(end_by=signal.SIGINT) as stack:
        yield stack


@pytest.fixture
def application(stack: RunningStack, request: pytest.FixtureRequest) -> Application:
    """A workspace of the test's own."""
    return Application(stack, request.node.name.removeprefix("test_")[:40].strip("_").replace("_", "-"))
