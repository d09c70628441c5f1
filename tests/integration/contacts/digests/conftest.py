"""Fixtures of the mail jobs' integration tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.blocks.mail_server import Postmaster
from tests.integration.mailing import by_smtp, empty_outbox


@pytest.fixture
def outbox(home: Path) -> Path:
    return empty_outbox(home)


@pytest.fixture
def postmaster() -> Iterator[Postmaster]:
    with by_smtp() as postmaster:
        yield postmaster
