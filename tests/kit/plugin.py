"""What pytest loads: the fixture ``groundwork``, and the option that names applications."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from groundwork.testing.groundwork import Groundwork
    from groundwork.testing.servers import Servers

_APPLICATIONS = "groundwork_applications"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the project's pytest settings name its applications."""
    parser.addini(
        _APPLICATIONS,
        "Applications whose jobs the fixture groundwork runs, as GROUNDWORK_APPLICATIONS names them, which wins. "
        "Default: those that are installed.",
        default="",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Settle the applications before any of the project's modules asks for them."""
    if named := config.getini(_APPLICATIONS):
        os.environ.setdefault("GROUNDWORK_APPLICATIONS", named)


@pytest.fixture(scope="session")
def groundwork_servers(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Servers]":
    """PostgreSQL with the schema and the jobs in it, in a home of this process; Prefect's server once a job runs."""
    from groundwork.testing.servers import Servers

    with Servers.started(tmp_path_factory.mktemp("groundwork")) as servers:
        yield servers


@pytest.fixture
def groundwork(groundwork_servers: "Servers") -> "Iterator[Groundwork]":
    """Jobs run in this test, with nothing left over from the test before."""
    from groundwork.testing.groundwork import Groundwork

    groundwork_servers.clean()
    with pytest.MonkeyPatch.context() as patch:
        yield Groundwork(groundwork_servers, patch)
